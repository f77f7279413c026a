"""No secret reaches the spool."""

import json
from urllib.parse import quote

import pytest

from mltrack_core._redact import REDACTED
from mltrack_core._redact import Redactor
from mltrack_core._redact import is_secret_key
from mltrack_core._redact import without_userinfo

CANARY = "c4n4ry/V4lue+of=a_Secret"
SHAPES = [
    "AKIA" + "ABCDEFGHIJ234567",
    "ghp_" + "a1B2" * 9,
    "github_pat_" + "a1B2" * 12,
    "glpat-" + "a1B2" * 5,
    "hf_" + "aB3d" * 8,
    "sk-" + "proj-" + "aB3d" * 8,
    "xoxb-" + "123456789012-abcdef",
    "AIza" + "B" * 35,
    "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0" + ".c2lnbmF0dXJl",
    "mlt_" + "aB3d" * 8,
]


@pytest.mark.parametrize(
    "key",
    ["api_key", "API-KEY", "wandb_api_key", "hf_token", "password", "db.passwd", "client_secret",
     "aws_secret_access_key", "auth_token", "AUTHORIZATION", "github.token", "credentials",
     "token", "clientSecret", "openaiApiKey", "PGPASSWORD", "MYSQL_PWD", "api_keys", "secrets",
     "KAGGLE_KEY", "DB_PASS", "AZURE_STORAGE_KEY", "SSH_PASSPHRASE"],
)  # fmt: skip
def test_a_key_that_names_a_secret_hides_its_value(key: str) -> None:
    """The name alone is enough, whatever the value looks like."""
    assert is_secret_key(key)
    assert Redactor().params({key: "plain"}) == {key: REDACTED}


@pytest.mark.parametrize(
    "key",
    ["max_tokens", "num_tokens", "pad_token", "bos_token_id", "tokenizer", "tokens_per_second",
     "token_dropout", "keyword", "monkey", "lr", "author", "attention_heads", "key_dim",
     "PWD", "OLDPWD", "forward_pass", "compass", "secretary", "sort_key", "tokens"],
)  # fmt: skip
def test_a_key_of_this_field_does_not(key: str) -> None:
    """Tokens are pieces of text here, and keys belong to attention."""
    assert Redactor().params({key: "plain"}) == {key: "plain"}


@pytest.mark.parametrize("secret", SHAPES)
def test_the_shape_of_a_known_secret_is_removed_anywhere(secret: str) -> None:
    """In a console line, in a list of parameters, on a command line."""
    redactor = Redactor()

    assert secret not in redactor.text(f"using {secret} now")
    assert secret not in str(redactor.params({"notes": secret, "list": [secret]}))
    assert secret not in redactor.command(["train.py", secret])


@pytest.mark.parametrize(
    "text",
    [
        CANARY,
        f"{{'WANDB_API_KEY': '{CANARY}', 'HOME': '/x'}}",
        json.dumps({"nested": {"value": CANARY}}),
        f"\x1b[31m{CANARY}\x1b[0m",
        f"GET /?q={quote(CANARY, safe='')}",
    ],
)
def test_the_values_of_secret_variables_are_removed_however_they_are_quoted(text: str) -> None:
    """`print(os.environ)` shows no secret of this process."""
    redactor = Redactor([CANARY])

    clean = redactor.text(text)

    assert CANARY not in clean
    assert quote(CANARY, safe="") not in clean


@pytest.mark.parametrize(
    "command",
    [
        ["train.py", "--api-key", CANARY],
        ["train.py", f"--api-key={CANARY}"],
        ["train.py", f"hub.token={CANARY}"],
        ["train.py", "--password", CANARY, "--lr", "1"],
        ["train.py", f"postgresql://user:{CANARY.replace('/', '')}@host/db"],
    ],
)
def test_a_command_line_keeps_its_options_and_loses_their_secrets(command: list[str]) -> None:
    """Argv is recorded, so secrets given there must go."""
    clean = Redactor().command(command)

    assert CANARY.replace("/", "") not in " ".join(clean).replace("/", "")
    assert clean[0] == "train.py"


@pytest.mark.parametrize(
    ("remote", "clean"),
    [
        ("https://TOKEN:x-oauth-basic@host.example/a/b.git", "https://host.example/a/b.git"),
        ("https://user:pass@host.example/a", "https://host.example/a"),
        ("https://user@host.example/a?token=x#y", "https://host.example/a"),
        ("git@host.example:a/b.git", "host.example:a/b.git"),
        ("/srv/git/a.git", "/srv/git/a.git"),
        ("ssh://git@host.example:22/a", "ssh://host.example:22/a"),
    ],
)
def test_a_remote_loses_user_password_and_query(remote: str, clean: str) -> None:
    """Whoever may read the run may not push to its repository."""
    assert without_userinfo(remote) == clean


def test_ordinary_output_is_left_alone() -> None:
    """A false alarm hides what the user wanted to see."""
    lines = [
        "epoch 3: loss=0.25 acc=0.91 tokens/s=12000 max_tokens: 4096",
        "loading tokenizer from ./cache, pad_token = 0",
        "see https://pytorch.example/docs?page=2",
        "keyword arguments: {'key_dim': 64, 'num_heads': 8}",
        "Author: somebody, secretary of state",
        "100%|██████████| 938/938 [00:03<00:00, 250.1it/s]",
    ]
    redactor = Redactor()

    assert [redactor.text(line) for line in lines] == lines


@pytest.mark.parametrize(
    "text",
    [
        'password = "a phrase of several words"',
        "{'password': 'short'}",
        "PGPASSWORD=hunter2x psql",
        "train.py --hf-token plainvalue --lr 1",
        "tokens:password=hunter2x",
        r'{"body": "{\"api_key\": \"hunter2x\"}"}',
        "postgres://user:p@ss@word@host/db",
        "clientSecret: hunter2x",
    ],
)
def test_what_is_assigned_to_the_name_of_a_secret_is_removed(text: str) -> None:
    """Quoted, short, nested, on a command line: whichever way a program prints it."""
    clean = Redactor().text(text)

    assert REDACTED in clean
    for word in ("phrase of", "short", "hunter2x", "plainvalue", "word"):
        assert word not in clean.replace("password", "")


def test_a_secret_of_several_lines_is_removed_line_by_line() -> None:
    """The console is recorded in lines, and a key in PEM form has many."""
    lines = ["-----BEGIN KEY-----", "bGluZSBvbmUgb2Yga2V5", "bGluZSB0d28gb2Yga2V5", "-----END-----"]
    redactor = Redactor(["\n".join(lines)])

    assert [redactor.text(line) for line in lines[1:3]] == [REDACTED] * 2
    assert redactor.text("-----") == "-----"


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        "ab12",
        "a.",
        "token",
        "token ",
        "token='",
        'token=\\"',
        "key: ",
        "eyJ",
        "://a@",
        "-----BEGIN ",
    ],
)
def test_a_very_long_line_takes_no_longer_than_its_length(piece: str) -> None:
    """Time that grows with the square of the length would make hours of this and stop training."""
    text = piece * (500_000 // len(piece)) + " token ://"

    assert Redactor().text(text)
