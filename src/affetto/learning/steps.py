"""Optimizer steps of the recognizer: one gradient step, and the running average of the weights that is kept.

On a CUDA device the whole step is recorded once for every shape of a batch and replayed: a network as small as this one
would otherwise wait for its own launches most of the time.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.optim.swa_utils import get_ema_multi_avg_fn

from affetto.learning.networks import EmotionNetwork
from affetto.learning.recipe import RecognizerRecipe
from affetto.learning.recognizer_batches import Batch

__all__ = ["Losses", "Steps", "one_cycle"]

_WARM_UP = 0.2  # share of the steps in which the rate rises
_AVERAGED_FROM = 100  # steps: weights before that tell nothing
_LARGEST_GRADIENT = 5.0
_REHEARSALS = 3  # before a step is recorded, so that everything it needs has been made

Losses = tuple[Tensor, Tensor]
"""Loss of the emotions and of the speech gate."""


def one_cycle(step: int, steps: int, highest: float) -> float:
    """Learning rate that rises from ``highest / 25`` and falls to nearly nothing (Smith & Topin 2018), by cosines."""
    top = max(_WARM_UP * steps, 1.0)
    if step < top:
        low, place = highest / 25, step / top
        return low + (highest - low) * (1 - math.cos(math.pi * place)) / 2
    place = min((step - top) / max(steps - top, 1.0), 1.0)
    return highest * 1e-5 + highest * (1 - 1e-5) * (1 + math.cos(math.pi * place)) / 2


class Steps:
    """Learns batch by batch.

    Args:
        network: What learns, in place.
        recipe: How.
        device: Where.
    """

    def __init__(self, network: EmotionNetwork, recipe: RecognizerRecipe, device: torch.device) -> None:
        self.network, self._recipe, self._device = network.to(device).train(), recipe, device
        self._on_cuda = device.type == "cuda"
        training = recipe.training
        self._rate = torch.tensor(training.rate, device=device)
        self._optimizer = torch.optim.AdamW(
            network.parameters(),
            lr=self._rate if self._on_cuda else training.rate,
            weight_decay=training.weight_decay,
            capturable=self._on_cuda,
            foreach=True,
        )
        self._averaged = [value.detach().clone() for value in self._kept()]
        self._memory = torch.cuda.graph_pool_handle() if self._on_cuda else None  # shared: one step goes on at a time
        self._recorded: dict[tuple[int, ...], tuple[torch.cuda.CUDAGraph, Batch, Losses]] = {}

    def _kept(self) -> list[Tensor]:
        """Weights and batch statistics, in the order of the network."""
        return [value for value in self.network.state_dict(keep_vars=True).values() if value.is_floating_point()]

    def step(self, number: int, seed: int, batch: Batch) -> Losses:
        """Takes step ``number``; dropout draws what the seed and the number decide."""
        torch.manual_seed(seed * 1_000_000 + number)
        self._set_rate(one_cycle(number, self._recipe.training.steps, self._recipe.training.rate))
        losses = self._replay(batch) if self._on_cuda else self._learn(batch)
        with torch.no_grad():
            decay = 0.0 if number < self._averaged_from() else self._recipe.training.averaging
            get_ema_multi_avg_fn(decay)(self._averaged, [value.detach() for value in self._kept()], number)
        return losses

    def _averaged_from(self) -> int:
        return min(_AVERAGED_FROM, self._recipe.training.steps // 10)

    def averaged(self) -> EmotionNetwork:
        """The network with averaged weights, in evaluation mode, on the processor; learning ends here.

        Weights of layers have no more digits than half precision holds, so that a file of half the size says the same.
        """
        with torch.no_grad():
            for value, average in zip(self._kept(), self._averaged, strict=True):
                value.copy_(average.half() if average.dim() > 1 else average)
        return self.network.float().eval().cpu()

    def state_dict(self) -> dict[str, Any]:
        """Everything that the next step depends on."""
        return {
            "network": self.network.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "averaged": self._averaged,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from :meth:`state_dict`."""
        self.network.load_state_dict(state["network"])
        self._optimizer.load_state_dict(state["optimizer"])
        with torch.no_grad():
            for mine, other in zip(self._averaged, state["averaged"], strict=True):
                mine.copy_(other)

    def _set_rate(self, rate: float) -> None:
        for group in self._optimizer.param_groups:
            if isinstance(group["lr"], Tensor):
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate

    def _learn(self, batch: Batch) -> Losses:
        self._optimizer.zero_grad(set_to_none=True)
        bf16 = self._recipe.training.precision == "bf16-mixed"
        with torch.autocast(self._device.type, torch.bfloat16, enabled=bf16, cache_enabled=not self._on_cuda):
            emotion, gate = self._losses(batch)
        (emotion + self._recipe.training.gate_weight * gate).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), _LARGEST_GRADIENT, foreach=True)
        self._optimizer.step()
        return emotion.detach(), gate.detach()

    def _losses(self, batch: Batch) -> Losses:
        power, targets, known, profiles, speech = batch
        clips = len(targets)
        embedding = self.network.embed(power)
        profile = profiles.to(embedding.dtype) @ embedding[:clips]
        # what is no speech has no speaker
        logits, gate = self.network.answer_each(embedding, functional.pad(profile, (0, 0, 0, len(power) - clips)))
        log_p = functional.log_softmax(logits[:, :clips].float().masked_fill(~known, -1e4), dim=2)
        answers = len(logits) * clips
        emotion = -(targets * log_p).sum() / answers
        if self._recipe.training.consistency:
            one, other = log_p.chunk(2, dim=1)
            apart = ((one.exp() - other.exp()) * (one - other)).sum() / answers
            emotion = emotion + self._recipe.training.consistency * apart
        return emotion, functional.binary_cross_entropy_with_logits(gate.float(), speech.expand_as(gate))

    def _replay(self, batch: Batch) -> Losses:
        shape = tuple(batch.power.shape)
        if shape not in self._recorded:
            self._recorded[shape] = self._record(batch)
        graph, inputs, losses = self._recorded[shape]
        for mine, given in zip(inputs, batch, strict=True):
            mine.copy_(given)
        graph.replay()
        return losses

    def _record(self, batch: Batch) -> tuple[torch.cuda.CUDAGraph, Batch, Losses]:
        inputs = Batch(*(value.clone() for value in batch))
        weights = [value.detach().clone() for value in self._kept()]
        moments = self._moments()
        before = [value.clone() for value in moments]
        stream = torch.cuda.Stream(self._device)
        stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(stream):
            for _ in range(_REHEARSALS):
                self._learn(inputs)
        torch.cuda.current_stream(self._device).wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        self._optimizer.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph, pool=self._memory):
            losses = self._learn(inputs)
        with torch.no_grad():  # as if nothing had been rehearsed
            for value, earlier in zip(self._kept(), weights, strict=True):
                value.copy_(earlier)
            for place, value in enumerate(self._moments()):
                value.copy_(before[place]) if before else value.zero_()
        return graph, inputs, losses

    def _moments(self) -> list[Tensor]:
        """The optimizer's tensors; none before its first step."""
        return [value for state in self._optimizer.state.values() for value in state.values()]
