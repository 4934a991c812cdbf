"""The strands that lives are woven from, by the names used in `data/cast.json` and `data/archetypes.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from charthouse.ops.demo.chance import Chance
from charthouse.ops.demo.life import Thread
from charthouse.ops.demo.threads.ailment import Acute, Ailment, Background
from charthouse.ops.demo.threads.asthma import Asthma
from charthouse.ops.demo.threads.blood import IronDeficiency
from charthouse.ops.demo.threads.cancer import BreastCancer
from charthouse.ops.demo.threads.childhood import Attention, Childhood
from charthouse.ops.demo.threads.copd import Copd
from charthouse.ops.demo.threads.coronary import Coronary
from charthouse.ops.demo.threads.glands import Thyroid
from charthouse.ops.demo.threads.heart import HeartFailure
from charthouse.ops.demo.threads.joints import Rheumatoid
from charthouse.ops.demo.threads.kidney import Kidney
from charthouse.ops.demo.threads.later import Amended, Later, Slip, Unsigned
from charthouse.ops.demo.threads.memory import Dementia
from charthouse.ops.demo.threads.mood import Anxiety, Depression
from charthouse.ops.demo.threads.pregnancy import Pregnancy
from charthouse.ops.demo.threads.reaction import Reaction
from charthouse.ops.demo.threads.recovery import AlcoholRecovery, OpioidRecovery
from charthouse.ops.demo.threads.story import Duty, Flag, Message, Noshow, OpenOrder, OpenReferral
from charthouse.ops.demo.threads.sugar import Diabetes, Prediabetes
from charthouse.ops.demo.threads.upkeep import Upkeep
from charthouse.ops.demo.threads.vessels import Lipids, Pressure
from charthouse.ops.demo.threads.warfarin import Warfarin
from charthouse.ops.demo.threads.weight import Obesity

THREADS: Final[dict[str, type[Thread]]] = {
    "upkeep": Upkeep,
    "childhood": Childhood,
    "background": Background,
    "ailment": Ailment,
    "acute": Acute,
    "diabetes": Diabetes,
    "prediabetes": Prediabetes,
    "pressure": Pressure,
    "lipids": Lipids,
    "obesity": Obesity,
    "kidney": Kidney,
    "heart": HeartFailure,
    "coronary": Coronary,
    "warfarin": Warfarin,
    "asthma": Asthma,
    "copd": Copd,
    "thyroid": Thyroid,
    "depression": Depression,
    "anxiety": Anxiety,
    "pregnancy": Pregnancy,
    "cancer": BreastCancer,
    "opioids": OpioidRecovery,
    "alcohol": AlcoholRecovery,
    "dementia": Dementia,
    "rheumatoid": Rheumatoid,
    "iron": IronDeficiency,
    "attention": Attention,
    "reaction": Reaction,
    "message": Message,
    "referral": OpenReferral,
    "order": OpenOrder,
    "task": Duty,
    "slip": Slip,
    "amended": Amended,
    "unsigned": Unsigned,
    "noshow": Noshow,
    "later": Later,
    "flag": Flag,
}


def build(name: str, values: Mapping[str, Any], chance: Chance) -> Thread:
    """A thread with its values; `{"from": a, "to": b}` is drawn between the two, `{"one": [...]}` picks."""
    return THREADS[name](**{key: _drawn(value, chance) for key, value in values.items()})


def _drawn(value: Any, chance: Chance) -> Any:
    if isinstance(value, dict) and "from" in value:
        low, high = value["from"], value["to"]
        drawn = chance.between(low, high)
        return round(drawn) if isinstance(low, int) and isinstance(high, int) else drawn
    if isinstance(value, dict) and "one" in value:
        return chance.pick(value["one"])
    return value
