/** The microphone: opened when asked for, and let go of before anything plays. */

/** Why there is no sound, with a way out in the catalogue under `trouble.NAME`. */
export class Trouble extends Error {
  /** @param {"insecure" | "denied" | "none" | "busy" | "lost" | "silent" | "unreadable" | "unreachable" | "full"} name @param {string} [detail] */
  constructor(name, detail = "") {
    super(detail || name);
    this.trouble = name;
    this.detail = detail;
  }
}

/** @type {Record<string, "denied" | "none" | "busy">} */
const REASONS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
};

/**
 * @typedef {object} Microphone
 * @property {number} rate samples per second of its frames
 * @property {string[]} applied what the browser does to the sound although asked not to
 * @property {() => void} release stops it: the light of the browser goes out
 */

/**
 * Opens the microphone.
 * @param {{onFrame: (frame: Int16Array<ArrayBuffer>) => void, onEnd: () => void, cancelEcho?: boolean}} options
 * @returns {Promise<Microphone>}
 */
export async function openMicrophone({ onFrame, onEnd, cancelEcho = false }) {
  if (!isSecureContext || !navigator.mediaDevices) throw new Trouble("insecure");
  const wanted = { echoCancellation: cancelEcho, noiseSuppression: false, autoGainControl: false, channelCount: 1 };
  /** @type {MediaStream} */
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: wanted });
  } catch (error) {
    throw new Trouble(REASONS[/** @type {DOMException} */ (error).name] ?? "busy", String(error));
  }
  try {
    return await listen(stream, onFrame, onEnd, wanted);
  } catch (error) {
    stream.getTracks().forEach((track) => track.stop());
    throw error;
  }
}

/**
 * @param {MediaStream} stream
 * @param {(frame: Int16Array<ArrayBuffer>) => void} onFrame
 * @param {() => void} onEnd
 * @param {Record<string, unknown>} wanted
 * @returns {Promise<Microphone>}
 */
async function listen(stream, onFrame, onEnd, wanted) {
  let context = new AudioContext({ sampleRate: 16000 });
  let source;
  try {
    source = context.createMediaStreamSource(stream);
  } catch {
    // Firefox joins only what has the same rate; the server takes any.
    await context.close();
    context = new AudioContext();
    source = context.createMediaStreamSource(stream);
  }
  await context.audioWorklet.addModule(new URL("./worklet.js", import.meta.url));
  const frames = new AudioWorkletNode(context, "frames", { numberOfOutputs: 0 });
  frames.port.onmessage = (event) => onFrame(event.data);
  source.connect(frames);
  await context.resume();
  const [track] = stream.getAudioTracks();
  track.addEventListener("ended", onEnd);
  const settings = /** @type {Record<string, unknown>} */ (track.getSettings());
  const names = ["echoCancellation", "noiseSuppression", "autoGainControl"];
  return {
    rate: context.sampleRate,
    applied: names.filter((name) => settings[name] && !wanted[name]),
    release() {
      track.removeEventListener("ended", onEnd);
      frames.port.onmessage = null;
      stream.getTracks().forEach((one) => one.stop());
      void context.close();
    },
  };
}
