// Sends a 16 kHz mono 16 bit WAV file to `affetto serve` in real time and prints what it hears.
//   node listen.mjs me.wav [ws://127.0.0.1:8765/v1/listen]        (Node 22 or newer; a browser has the same WebSocket)
import { readFile } from "node:fs/promises";

const [path, url = "ws://127.0.0.1:8765/v1/listen"] = process.argv.slice(2);
const sound = (await readFile(path)).subarray(44); // after the header
const socket = new WebSocket(url);
const FRAME = 3200; // bytes: 100 ms

socket.onopen = () => socket.send(JSON.stringify({ type: "session.start", rate: 16000, format: "s16le" }));

socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.type === "session.started") speak(0);
  else if (message.type === "reading") show(message);
  else if (message.type === "error") console.error(`${message.code}: ${message.message}`);
};

socket.onclose = ({ code }) => console.log(`closed with ${code}`);

function speak(place) {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (place >= sound.length) return socket.send(JSON.stringify({ type: "session.end" }));
  socket.send(sound.subarray(place, place + FRAME));
  setTimeout(speak, 100, place + FRAME);
}

function show({ final, label, reading, audio_end_ms }) {
  const words = reading.abstained ? reading.reason : `sounds ${label}, ${Math.round(100 * reading.confidence)} %`;
  console.log(`${(audio_end_ms / 1000).toFixed(1)} s  ${final ? "final" : "  ..."}  ${words}`);
}
