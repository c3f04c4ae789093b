"""One training of a query model, from its base to files and trials. Loads torch, peft and Ray when asked."""

from pathlib import Path

from components.language.query_model.adapter_gguf import write_adapter
from components.language.query_model.bases import load_base
from components.language.query_model.searches import searches
from components.language.query_model.training import Recipe, fitted
from components.language.query_model.trials import Trial, tried_beside_base
from components.language.taxonomy import Taxonomy
from metier.durable import new_folder
from metier.own_ray import keep_on_loopback
from metier.settings import load_settings

TRIED = 60
"""Held-out searches that a training is measured on."""


def trained(
    base: Path, taxonomy: Taxonomy, recipe: Recipe, workers: int, out: Path, measured_on: int = TRIED
) -> tuple[Trial, Trial]:
    """Write the folder `out`: `adapter` by peft, `adapter.gguf`. Returns the trials of the tuned model and of its base.

    `workers` of Ray Train; 0 trains in this process.
    """
    from peft import PeftModel

    model, tokenizer = load_base(base)
    found = searches(taxonomy, "train", recipe.steps * recipe.batch * max(1, workers), recipe.seed)
    with new_folder(out) as folder:
        adapter = folder / "adapter"
        if workers:
            if not load_settings().ray_address:
                keep_on_loopback()
            from components.language.query_model.on_ray import fit_on_ray  # Ray reads the environment at its import

            fit_on_ray(base, found, recipe, workers, adapter)
            adapted = PeftModel.from_pretrained(model, str(adapter)).eval()
        else:
            adapted = fitted(model, tokenizer, found, recipe)
            adapted.save_pretrained(str(adapter))
        write_adapter(adapter, model.config, folder / "adapter.gguf")
        return tried_beside_base(adapted, tokenizer, searches(taxonomy, "held_out", measured_on), taxonomy)
