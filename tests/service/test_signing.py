"""Signatures hold for the file and the key they were made with, and for nothing else."""

from __future__ import annotations

import os
import stat
import sys

import pytest

pytest.importorskip("cryptography")

import radnec
from radnec.errors import BundleFormatError, BundleSignatureError, MissingDependencyError, SigningKeyError
from radnec.service.signing import make_keys, sign, verify
from radnec.simulate import simulate_table

SECRET = "correct horse"  # noqa: S105  # of keys that live as long as the test


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    table = simulate_table(n_patients=30, n_features=8, effect=3.0, random_state=0)
    config = radnec.TrainingConfig(candidates=("logistic",), draws=1, inner_folds=3, random_state=0)
    return radnec.train(table, config).save(tmp_path_factory.mktemp("m") / "model.radnec").read_bytes()


@pytest.fixture
def model(content, tmp_path):
    path = tmp_path / "model.radnec"
    path.write_bytes(content)
    return path


@pytest.fixture
def keys(tmp_path):
    return make_keys(tmp_path / "department.key")


def test_a_signed_model_is_verified_and_loaded(model, keys):
    private, public = keys
    signature = sign(model, private)
    assert signature.name == "model.radnec.sig"
    assert len(verify(model, public)) == 64
    assert radnec.load(model, public_key=public).identity_ == radnec.load(model).identity_


def test_the_signature_is_what_another_implementation_verifies(model, keys):
    import base64
    import hashlib

    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    lines = sign(model, keys[0]).read_text().splitlines(keepends=True)
    assert lines[3] == f"sha256: {hashlib.sha256(model.read_bytes()).hexdigest()}\n"
    signature = base64.b64decode(lines[4].removeprefix("signature: "))
    load_pem_public_key(keys[1].read_bytes()).verify(signature, "".join(lines[:4]).encode())


def test_a_signature_goes_with_the_content_not_the_name(model, keys, tmp_path):
    sign(model, keys[0]).rename(tmp_path / "renamed.radnec.sig")
    assert verify(model.rename(tmp_path / "renamed.radnec"), keys[1])


def test_line_ends_of_another_system_change_nothing(model, keys):
    signature = sign(model, keys[0])
    signature.write_bytes(signature.read_bytes().replace(b"\n", b"\r\n"))
    assert verify(model, keys[1])


@pytest.mark.parametrize("place", [0, 1000, -1])
def test_a_changed_model_is_refused_before_it_is_read(model, keys, place):
    sign(model, keys[0])
    changed = bytearray(model.read_bytes())
    changed[place] ^= 1
    model.write_bytes(changed)
    with pytest.raises(BundleSignatureError, match="not the file that was signed"):
        radnec.load(model, public_key=keys[1])


def test_another_valid_model_under_the_signature_is_refused(model, keys):
    sign(model, keys[0])
    loaded = radnec.load(model)
    loaded.random_state_ += 1
    loaded.save(model)
    with pytest.raises(BundleSignatureError, match="not the file that was signed"):
        verify(model, keys[1])


def test_a_missing_signature_is_refused(model, keys):
    with pytest.raises(BundleSignatureError, match=r"no model\.radnec\.sig beside it"):
        radnec.load(model, public_key=keys[1])


def test_another_signer_is_refused_even_under_the_name_of_the_first(model, keys, tmp_path):
    other = make_keys(tmp_path / "other.key")
    honest = sign(model, keys[0]).read_text().splitlines(keepends=True)
    forged = sign(model, other[0])
    with pytest.raises(BundleSignatureError, match="is signed by the key"):
        verify(model, keys[1])
    lines = forged.read_text().splitlines(keepends=True)
    forged.write_text("".join([*honest[:4], lines[4]]))
    with pytest.raises(BundleSignatureError, match="damaged or forged"):
        verify(model, keys[1])


@pytest.mark.parametrize("damage", ["", "x", "radnec signature 1\n", "more\n", "\0" * 100_000, "ä" * 50])
def test_a_damaged_signature_is_refused(model, keys, damage):
    signature = sign(model, keys[0])
    signature.write_text(damage if damage != "more\n" else signature.read_text() + damage, encoding="utf-8")
    with pytest.raises(BundleSignatureError, match="no signature that radnec wrote"):
        verify(model, keys[1])


def test_every_flipped_bit_of_a_signature_is_refused(model, keys):
    signature = sign(model, keys[0])
    content = signature.read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 << (place % 7)
        signature.write_bytes(changed)
        with pytest.raises(BundleSignatureError):
            verify(model, keys[1])


@pytest.mark.skipif(os.name != "posix", reason="modes are of POSIX")
def test_the_private_key_is_its_owners_alone_and_nothing_is_overwritten(keys):
    assert stat.S_IMODE(keys[0].stat().st_mode) == 0o600
    before = keys[0].read_bytes(), keys[1].read_bytes()
    with pytest.raises(SigningKeyError, match="never overwritten"):
        make_keys(keys[0])
    keys[0].unlink()
    with pytest.raises(SigningKeyError, match=r"department\.pub exists"):
        make_keys(keys[0])
    assert keys[1].read_bytes() == before[1]


def test_a_passphrase_locks_the_key(model, tmp_path):
    private, public = make_keys(tmp_path / "locked.key", passphrase=SECRET)
    assert b"ENCRYPTED" in private.read_bytes()
    with pytest.raises(SigningKeyError, match="encrypted; give its passphrase"):
        sign(model, private)
    with pytest.raises(SigningKeyError, match="the passphrase does not open it"):
        sign(model, private, passphrase="wrong")  # noqa: S106
    sign(model, private, passphrase=SECRET)
    assert verify(model, public)


def test_an_empty_passphrase_is_not_taken_for_none(tmp_path, run, monkeypatch):
    with pytest.raises(SigningKeyError, match="passphrase is empty"):
        make_keys(tmp_path / "open.key", passphrase="")
    monkeypatch.setenv("RADNEC_KEY_PASSPHRASE", "")
    assert run("keys", "--out", tmp_path / "open.key")[0] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="links are of POSIX")
def test_links_are_not_followed_to_write(model, keys, tmp_path):
    (tmp_path / "new.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SigningKeyError, match="never overwritten"):
        make_keys(tmp_path / "new.key")
    (tmp_path / "precious").write_text("mine")
    (tmp_path / "model.radnec.sig").symlink_to(tmp_path / "precious")
    sign(model, keys[0])
    assert (tmp_path / "precious").read_text() == "mine"
    assert verify(model, keys[1])


def test_what_is_verified_is_what_is_read_though_the_file_is_replaced_meanwhile(model, keys, monkeypatch):
    from radnec import bundle

    sign(model, keys[0])
    honest, check = radnec.load(model).identity_, bundle.check_signature

    def checked_then_replaced(data, *rest):
        told = check(data, *rest)
        model.write_bytes(b"PK hostile")
        return told

    monkeypatch.setattr(bundle, "check_signature", checked_then_replaced)
    assert radnec.load(model, public_key=keys[1]).identity_ == honest


def test_keys_of_another_kind_are_refused(model, keys, tmp_path):
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

    pem = serialization.Encoding.PEM
    key = generate_private_key(SECP256R1())
    plain = serialization.NoEncryption()
    (tmp_path / "ec.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    (tmp_path / "ec.pub").write_bytes(key.public_key().public_bytes(pem, info))
    (tmp_path / "text.pub").write_text("no key")
    sign(model, keys[0])
    for public, told in (("ec.pub", "public ed25519"), ("text.pub", "public ed25519"), (keys[0], "private key")):
        with pytest.raises(SigningKeyError, match=told):
            verify(model, tmp_path / public)
    for private in (tmp_path / "ec.key", tmp_path / "text.pub", keys[1]):
        with pytest.raises(SigningKeyError, match="no private ed25519 key"):
            sign(model, private)


def test_what_is_no_model_is_not_signed(keys, tmp_path):
    (tmp_path / "fake.radnec").write_bytes(b"PK nothing")
    with pytest.raises(BundleFormatError):
        sign(tmp_path / "fake.radnec", keys[0])
    assert not (tmp_path / "fake.radnec.sig").exists()


def test_the_commands(model, tmp_path, run, monkeypatch):
    key, public = tmp_path / "d.key", tmp_path / "d.pub"
    monkeypatch.setenv("RADNEC_KEY_PASSPHRASE", SECRET)
    code, said, _ = run("keys", "--out", key)
    fingerprint = said.split()[-1]
    assert (code, len(fingerprint)) == (0, 64)
    monkeypatch.delenv("RADNEC_KEY_PASSPHRASE")
    code, _, told = run("sign", model, "--key", key)
    assert code == 2
    assert "RADNEC_KEY_PASSPHRASE" in told
    assert run("verify", model, "--public-key", public)[0] == 1
    monkeypatch.setenv("RADNEC_KEY_PASSPHRASE", SECRET)
    assert run("sign", model, "--key", key)[0] == 0
    code, said, _ = run("verify", model, "--public-key", public)
    assert code == 0
    assert fingerprint in said
    assert run("verify", model, "--public-key", key)[0] == 2
    model.write_bytes(model.read_bytes()[:-1])
    code, said, told = run("verify", model, "--public-key", public)
    assert (code, said) == (1, "")
    assert "not the file that was signed" in told


def test_predict_asks_for_the_signature_first(model, keys, tmp_path, run):
    table = tmp_path / "table.csv"
    simulate_table(n_patients=3, n_features=8, random_state=1).to_csv(table, index=False)
    code, said, told = run("predict", model, table, "--public-key", keys[1])
    assert (code, said) == (2, "")
    assert "has no signature" in told
    sign(model, keys[0])
    assert run("predict", model, table, "--public-key", keys[1])[0] == 0


def test_without_the_library_the_install_line_is_told(model, keys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.serialization", None)
    for call in (lambda: radnec.load(model, public_key=keys[1]), lambda: sign(model, keys[0])):
        with pytest.raises(MissingDependencyError, match=r'pip install "radnec\[signing\]"'):
            call()
    assert radnec.load(model).identity_
