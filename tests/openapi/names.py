"""Two types of one name would silently be one schema of the document: there are none. Usage: names.py SOURCES"""

import re
import sys
from collections import defaultdict
from pathlib import Path

#: A type that is a schema, with the attributes and remarks between; `schema(as = …)` names it otherwise.
TYPE = re.compile(r"#\[derive\([^)]*\bToSchema\b[^)]*\)\]\s*((?:#\[[^\n]*\]\s*|//[^\n]*\s*)*)(?:pub(?:\([^)]*\))?\s+)?(?:struct|enum)\s+(\w+)")
NAMED = re.compile(r"schema\([^)]*\bas = (\w+)")


def main(sources):
    files = defaultdict(list)
    for file in sorted(sources.rglob("*.rs")):
        for attributes, name in TYPE.findall(file.read_text(encoding="utf-8")):
            named = NAMED.search(attributes)
            files[named[1] if named else name].append(str(file))
    twice = {name: where for name, where in files.items() if len(where) > 1}
    for name, where in twice.items():
        print(f"{name} is a schema of {' and of '.join(where)}: name one with #[schema(as = …)]")
    return 1 if twice or len(files) < 100 else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
