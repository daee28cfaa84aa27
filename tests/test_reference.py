import pytest
import torch

from vae_edu import data, evaluation, reference
from vae_edu.densities import log_standard_normal
from vae_edu.models import VAE
from vae_edu.reference import StoreError, table, train
from vae_edu.reference.recipes import Recipe
from vae_edu.training import Settings

NAMES = ["vae-mnist", "vae2d-mnist", "vae-frey"]


@pytest.fixture
def store(tmp_path, monkeypatch):
    """A copy of one reference's files, to be damaged."""
    for path in reference.STORE.glob("vae-frey.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(reference, "STORE", tmp_path)
    return tmp_path


def test_all_references_are_shipped_within_forty_megabytes():
    assert reference.names() == NAMES
    assert sum(path.stat().st_size for path in reference.STORE.iterdir()) < 40e6


@pytest.mark.parametrize("name", NAMES)
def test_the_probe_holds_the_answers_of_the_shipped_weights(name):
    """Recomputed here from the weights alone: posterior, both terms of the bound, and every importance weight."""
    model, probe = reference.load(name).double(), reference.probe(name)
    assert probe.x.shape[0] == 64 and all(tensor.dtype == torch.float64 for tensor in probe)
    mu, logvar = model.encode(probe.x)
    torch.testing.assert_close((mu, logvar), (probe.mu, probe.logvar))
    z = mu + (0.5 * logvar).exp() * probe.noise
    log_p_x = torch.stack([model.log_likelihood(probe.x, sample) for sample in z])
    q = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    torch.testing.assert_close(log_p_x + log_standard_normal(z) - q.log_prob(z).sum(-1), probe.log_weights)
    torch.testing.assert_close(log_p_x[0], probe.reconstruction)
    torch.testing.assert_close(torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(-1), probe.kl)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_tells_everything(name):
    card = reference.card(name)
    for key in ("data", "network", "settings", "hardware", "training seconds", "curve", "metrics", "sha256", "source", "notes"):
        assert card[key], key
    assert card["metrics"]["importance samples"] == 5000
    assert len(card["curve"]["valid"]) == card["epochs"]
    assert card["metrics"]["ELBO (nats)"] < card["metrics"]["log-likelihood (nats)"]


def test_the_cards_metrics_are_those_of_the_shipped_weights(mnist):
    """Bound and activity over all 10,000 test images; `make test-all` also repeats the 5,000 importance samples."""
    from vae_edu.reference.recipes import RECIPES

    metrics = reference.card("vae-mnist")["metrics"]
    x = train.test_images(RECIPES["vae-mnist"].settings, mnist.test)
    model = reference.load("vae-mnist")
    terms = evaluation.elbo_terms(model, x, generator=torch.Generator().manual_seed(1))
    assert terms.kl.mean().item() == pytest.approx(metrics["KL (nats)"], abs=0.01)
    assert terms.value().mean().item() == pytest.approx(metrics["ELBO (nats)"], abs=0.15)
    assert metrics["active units at 0.01"] == evaluation.active_units(evaluation.unit_activity(model, x), threshold=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_full_protocol_gives_the_cards_numbers(name):
    from vae_edu.reference.recipes import RECIPES

    recipe, card = RECIPES[name], reference.card(name)
    try:
        images = data.load(recipe.data)
    except data.DataError as error:
        pytest.skip(str(error))
    found = train.measure(reference.load(name), train.test_images(recipe.settings, images.test))
    assert found["log-likelihood (nats)"] == pytest.approx(card["metrics"]["log-likelihood (nats)"], abs=0.05)


def test_a_damaged_or_missing_file_is_one_sentence(store):
    path = store / "vae-frey.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(StoreError, match=r"vae-frey\.safetensors is damaged .* reinstall vae-edu"):
        reference.load("vae-frey")
    path.write_bytes(raw[: len(raw) // 2])
    with pytest.raises(StoreError, match="damaged"):
        reference.load("vae-frey")
    path.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        reference.load("vae-frey")
    (store / "vae-frey.json").write_text("{")
    with pytest.raises(StoreError, match=r"vae-frey\.json is damaged"):
        reference.card("vae-frey")
    with pytest.raises(StoreError, match="there are vae-mnist"):
        reference.load("vae-mnits")


def test_training_a_reference_from_nothing_and_again(tmp_path, monkeypatch):
    """The whole path on the embedded digits, and a second call that finds the run finished."""
    recipe = Recipe(
        title="tiny", data="digits", build=lambda: VAE(64, 2, (16,)), settings=Settings(epochs=2, dynamic_binarization=True),
        metric="log-likelihood (nats)", published=None, source="none", notes="a test",
    )  # fmt: skip
    monkeypatch.setitem(train.RECIPES, "tiny", recipe)
    monkeypatch.setattr(reference, "STORE", tmp_path / "store")
    monkeypatch.setattr(train, "measure", lambda model, test: {"test images": len(test)})
    first = train.train("tiny", tmp_path / "runs", tmp_path / "store")
    assert first["metrics"] == {"test images": 300}
    files = {path.name: path.read_bytes() for path in (tmp_path / "store").iterdir()}
    assert sorted(files) == ["tiny.json", "tiny.probe.safetensors", "tiny.safetensors"]
    train.train("tiny", tmp_path / "runs", tmp_path / "store")
    assert {path.name: path.read_bytes() for path in (tmp_path / "store").iterdir()} == files
    assert reference.load("tiny").encode(reference.probe("tiny").x.float())[0].shape == (64, 2)


def test_the_table_is_written_between_its_marks(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"before\n{table.BEGIN}\nyesterday\n{table.END}\nafter\n")
    table.write(path)
    text = path.read_text()
    assert text.startswith("before") and text.endswith("after\n") and "yesterday" not in text and "-84.50" in text
    with pytest.raises(StoreError, match="no place for the table"):
        path.write_text("nothing")
        table.write(path)
