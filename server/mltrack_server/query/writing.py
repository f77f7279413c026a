"""Trees written as queries again: what is parsed is written so that it parses to the same."""

from __future__ import annotations

from mltrack_server.query import keys
from mltrack_server.query import literals
from mltrack_server.query.tree import And
from mltrack_server.query.tree import Compare
from mltrack_server.query.tree import Exists
from mltrack_server.query.tree import Has
from mltrack_server.query.tree import In
from mltrack_server.query.tree import Node
from mltrack_server.query.tree import Not
from mltrack_server.query.tree import Or
from mltrack_server.query.tree import Words


def write(node: Node) -> str:
    """Return the query whose tree *node* is, in its usual form."""
    match node:
        case And(terms):
            return " and ".join(map(_operand, terms))
        case Or(terms):
            return " or ".join(
                f"({write(term)})" if isinstance(term, Or) else write(term) for term in terms
            )
        case Not(term):
            return f"not {_operand(term)}"
        case Compare(key, operator, value):
            return f"{keys.write(key)} {operator} {literals.write(value)}"
        case In(key, values, is_negated):
            listed = ", ".join(map(literals.write, values))
            return f"{keys.write(key)} {'not ' if is_negated else ''}in [{listed}]"
        case Has(key, value):
            return f"{keys.write(key)} has {literals.write(value)}"
        case Exists(key):
            return f"has {keys.write(key)}"
        case Words(text):
            return keys.quote(text)


def _operand(node: Node) -> str:
    return f"({write(node)})" if isinstance(node, And | Or) else write(node)
