"""What the wheel is made from, and under which licences. Run by itself, it names what deny.toml does not allow."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The program, and what comes with it as source.
INSIDE = ["adlab-kernel", "adlab-notebook"]
TEXT = re.compile(r"(un)?licen[sc]e|copying|copyright|notice", re.IGNORECASE)
# Of licences whose text asks for no name, or has a place for it.
STANDARD = {"MIT": "LICENSE-MIT", "Apache-2.0": "LICENSE-APACHE"}


def host():
    said = subprocess.check_output(["rustc", "-vV"], text=True)
    return re.search(r"^host: (.*)$", said, re.MULTILINE)[1]


def packages():
    """All that is in the wheel: what those inside depend on, but for their tests."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", host()]
    metadata = json.loads(subprocess.check_output(command, cwd=ROOT))
    by_id = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    todo = [id for id, package in by_id.items() if package["name"] in INSIDE and package["source"] is None]
    found = set()
    while todo:
        id = todo.pop()
        if id not in found:
            found.add(id)
            kinds = lambda dependency: {kind["kind"] for kind in dependency["dep_kinds"]}
            todo += [dependency["pkg"] for dependency in nodes[id]["deps"] if kinds(dependency) != {"dev"}]
    return sorted((by_id[id] for id in found), key=lambda package: (package["name"], package["version"]))


def allowed():
    """deny.toml's list."""
    text = (ROOT / "deny.toml").read_text()
    return set(re.findall(r'"([^"]+)"', re.search(r"^allow = \[(.*?)^\]", text, re.DOTALL | re.MULTILINE)[1]))


def is_allowed(expression, allow):
    """Of SPDX's expressions; older ones have a stroke for `OR`."""
    word = lambda found: found[0].lower() if found[0] in ("AND", "OR") else str(found[0] in allow)
    return eval(re.sub(r"[\w.+-]+(?: WITH [\w.+-]+)?", word, re.sub(r"\s*/\s*", " OR ", expression)))


def texts(package):
    """The licences' texts that a crate carries, also those of others' code in it."""
    folder = Path(package["manifest_path"]).parent
    files = [path for path in sorted(folder.rglob("*")) if TEXT.match(path.name) and path.is_file()]
    readable = [path for path in files if path.suffix.lower() in ("", ".md", ".txt") or path.suffix.isupper()]
    return [path.read_text(errors="replace").strip() for path in readable]


def third_party():
    """For people: who, under what, and each text once."""
    carriers, lines, without = defaultdict(list), [], defaultdict(list)
    for package in packages():
        name = f"{package['name']} {package['version']}"
        lines.append(f"{name}: {package['license']}")
        found = texts(package)
        for text in found:
            if name not in carriers[text]:
                carriers[text].append(name)
        if not found and package["source"]:
            authors = ", ".join(re.sub(r" <.*>", "", author) for author in package["authors"])
            without[package["license"]].append(f"{name}, by {authors or 'its contributors'}")
    parts = [
        "What adlab is made from, in its program or as source beside it, under which licences, and their texts.\n"
        "The source of each crate is at https://crates.io/crates/NAME/VERSION.\n"
        "The program also has the standard library of Rust in it: MIT OR Apache-2.0, by the Rust Project's contributors.",
        "\n".join(lines),
    ]
    for expression, names in sorted(without.items()):
        ids = [id for id in re.findall(r"[\w.+-]+", expression) if id not in ("AND", "OR", "WITH")]
        # One that it may be used under, in the words of another crate where it is none of ours.
        words = next(((ROOT / STANDARD[id]).read_text().strip() for id in ids if id in STANDARD), None)
        words = words or next(
            text for text, names in carriers.items() if any(f"{name}: {expression}" in lines for name in names)
        )
        carriers[words] += [f"{name} ({expression}), which carries no text of its own" for name in names]
    for text, names in carriers.items():
        parts.append("\n".join(names) + "\n\n" + text)
    return ("\n\n" + "-" * 80 + "\n\n").join(parts) + "\n"


def sbom():
    """The same for programs, as CycloneDX has it; without times and places, it is the same wherever it is made."""
    blocks = (ROOT / "Cargo.lock").read_text().split("[[package]]")
    locked = [dict(re.findall(r'^(name|version|checksum) = "(.*)"', block, re.MULTILINE)) for block in blocks]
    sums = {(block["name"], block["version"]): block["checksum"] for block in locked if "checksum" in block}
    components = []
    for package in packages():
        name, version = package["name"], package["version"]
        component = {"type": "library", "name": name, "version": version, "purl": f"pkg:cargo/{name}@{version}"}
        if (name, version) in sums:
            component["hashes"] = [{"alg": "SHA-256", "content": sums[name, version]}]
        component["licenses"] = [{"expression": re.sub(r"\s*/\s*", " OR ", package["license"])}]
        components.append(component)
    version = next(package["version"] for package in packages() if package["name"] == INSIDE[0])
    product = {"type": "application", "name": "adlab", "version": version, "purl": f"pkg:pypi/adlab@{version}"}
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": product}}
    return json.dumps(bom | {"components": components}, indent=1) + "\n"


def main():
    allow = allowed()
    refused = [package for package in packages() if not is_allowed(package["license"] or "none", allow)]
    for package in refused:
        print(f"{package['name']} {package['version']}: {package['license']}")
    sys.exit(bool(refused))


if __name__ == "__main__":
    main()
