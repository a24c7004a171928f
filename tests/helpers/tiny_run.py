"""What a finished run leaves, with random weights: base, experts, a controller, records of its rows."""

from pathlib import Path

import pandas as pd
import torch
from peft import LoraConfig, get_peft_model
from tiny import tiny_config
from transformers import LlamaForCausalLM

from mope.config.load import load_config
from mope.controller.pcm import PreferenceController, PreferenceControllerConfig
from mope.preferences import load_preferences
from mope.provenance.artifact import write
from mope.training.tokenizer import train_tokenizer

ROOT = Path(__file__).resolve().parents[2]
QUESTION = "Why is the sky blue?"
IDS = ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"]


def tiny_run(folder: Path, world: str | None = "everyday", max_new_tokens: int = 12) -> Path:
    """Write it into `folder`. `world`: that of the corpus of the base; None: the base was imported."""
    torch.manual_seed(0)
    texts = load_preferences(ROOT / "workflow/prompts/preferences.yaml", IDS)
    tokenizer = train_tokenizer([QUESTION, *texts.texts.values()] * 5, 320)
    shape = tiny_config(vocab_size=len(tokenizer), eos_token_id=tokenizer.eos_token_id)

    def keep(path: Path, *models, stage: str = "t", inputs=()) -> None:
        with write(path, stage=stage, params={}, seeds={}, inputs=inputs) as tmp:
            for model in models:
                model.save_pretrained(tmp)

    corpus = folder / "data/corpus.parquet"
    if world:
        with write(corpus, stage="write_corpus", params={"world": world}, seeds={}, inputs=[]) as tmp:
            tmp.write_text(world)
    made = {"stage": "train_base", "inputs": [corpus]} if world else {"stage": "import_base"}
    keep(folder / "base", LlamaForCausalLM(shape), tokenizer, **made)
    lora = LoraConfig(task_type="CAUSAL_LM", r=2, target_modules="all-linear", init_lora_weights=False)
    for name in IDS:
        keep(folder / "expert" / name, get_peft_model(LlamaForCausalLM(shape), lora))
    controller = PreferenceController(PreferenceControllerConfig(IDS, **shape.to_dict()))
    torch.nn.init.normal_(controller.head.weight)
    keep(folder / "controller/mope/seed0", controller)
    with write(folder / "preferences.yaml", stage="t", params={}, seeds={}, inputs=[]) as tmp:
        tmp.write_text((ROOT / "workflow/prompts/preferences.yaml").read_text())
    config = load_config(ROOT)
    mope, weights = config["methods"]["mope"], {"weights": [0.34, 0.33, 0.33]}
    own = {"mope_x2": mope | {"expert_strength": 2.0}, "mope_graded": mope | weights}
    own["mod_graded"] = config["methods"]["mod"] | weights
    for name, method in (config["methods"] | own).items():
        generation = config["generation"] | {"max_new_tokens": max_new_tokens}
        params = {"name": name, "method": method, "generation": generation, "preferences": IDS}
        params |= {"seed": 7, "precision": "float32"}
        with write(folder / f"responses/single/{name}.parquet", stage="t", params=params, seeds={}, inputs=[]) as tmp:
            pd.DataFrame({"prompt": [QUESTION]}).to_parquet(tmp)
    return folder
