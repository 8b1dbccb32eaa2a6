"""The way of a question as a small Workflow RO-Crate: the Five Safes profile wants the crate of what was run inside or behind a link."""

import json
from datetime import datetime

from amana.log.crate_words import METADATA, RO_CRATE, WORKFLOW, WORKFLOW_CRATE, Node, ref

STEPS = "protected-sql.txt"
_TEXT = """\
Protected SQL, step by step. It runs inside the node that holds the data and nowhere else.

1. permit      who asks, for what purpose, under which permit
2. parse       SQL becomes a plan of a closed algebra, or is refused
3. bound       what one privacy unit can contribute is bounded, from public facts only
4. price       a mechanism and its scale are chosen; the cost in (rho, delta) is known before the data is touched
5. charge      the cost is taken from the population's budget and from the permit's, at once, for ever
6. log         the use is entered in the public log; nothing runs before its entry is published
7. run         the bounded sums are computed exactly
8. noise       noise of the priced scale is added once; the noisy rows are stored before a byte leaves
9. release     only the noisy rows leave
"""


def workflow_files(made_at: datetime) -> dict[str, bytes]:
    """The files of that crate, by their paths in the payload. Workflow RO-Crate 1.0 stands on RO-Crate 1.1."""
    graph: list[Node] = [
        {
            "@id": METADATA,
            "@type": "CreativeWork",
            "about": ref("./"),
            "conformsTo": [ref(RO_CRATE[0]), ref(WORKFLOW_CRATE)],
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": "Protected SQL",
            "description": "How a question becomes an answer with a guarantee of differential privacy.",
            "datePublished": made_at.isoformat(),
            "license": ref("https://spdx.org/licenses/Apache-2.0"),
            "hasPart": [ref(STEPS)],
            "mainEntity": ref(STEPS),
        },
        {
            "@id": STEPS,
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
            "name": "Protected SQL",
            "description": "The steps, in words: the data cannot be reached from elsewhere, so neither can they be run elsewhere.",
            "encodingFormat": "text/plain",
            "programmingLanguage": ref("#words"),
        },
        {"@id": "#words", "@type": "ComputerLanguage", "name": "Steps in words"},
        {"@id": "https://spdx.org/licenses/Apache-2.0", "@type": "CreativeWork", "name": "Apache License 2.0", "identifier": "Apache-2.0"},
    ]
    whole = {"@context": f"{RO_CRATE[0]}/context", "@graph": graph}
    return {
        f"{WORKFLOW}{METADATA}": (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode(),
        f"{WORKFLOW}{STEPS}": _TEXT.encode(),
    }
