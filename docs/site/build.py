"""The documentation as one folder of static pages: `make docs`.

README, docs, notebooks as they are kept, and the reference, read from the docstrings without
importing a framework. A broken link, or a name that can't be found, is an error. The pages can be
read from the disk; the box to search needs a server: `python -m http.server -d site`.
"""

from __future__ import annotations

import ast
import html
import json
import logging
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import links
from mkdocs.commands.build import build as build_pages
from mkdocs.config import load_config
from mkdocs.exceptions import Abort
from pymdownx.slugs import slugify

ROOT = Path(__file__).parents[2]
FRAMEWORKS = ["langchain", "llama_index", "crewai", "pydantic_ai", "coming_from"]
FIRST = ["guide", "cli", "recipes", "models", "backends", "format", "recall", "security"]
PROJECT = ["CONTRIBUTING.md", "CHANGELOG.md", "benchmarks/README.md"]
CORE = ["backends", "compaction", "errors", "loaders", "schema", "testing", "adapters"]
PARTS = {"Diary": ["diarist.messages.Messages", "diarist.notes.Notes"]}
"""What a public class has as attributes, by the name after which it is described."""


def main(out: Path) -> int:
    """Build into a new folder, and say what is wrong."""
    with TemporaryDirectory(prefix="diarist-docs-") as place:
        sources, plain = Path(place, "pages"), Path(place, "mkdocs.yml")
        sources.mkdir()
        plain.write_text("site_name: diarist\n")
        config = load_config(str(plain), **settings(sources, stage(sources), out))
        try:
            build_pages(config)
        except Abort as error:
            sys.stderr.write(f"{error}\n")
            return 1
        texts = [path.read_text() for path in sources.rglob("*.md")]
    broken = links.broken_in_site(out)
    for line in broken:
        sys.stderr.write(f"broken link: {line}\n")
    if broken:
        return 1
    outside = sorted(set(links.external(texts)))
    (out / "external-links.txt").write_text("".join(f"{link}\n" for link in outside))
    pages = len(list(out.rglob("*.html")))
    sys.stdout.write(f"{out}: {pages} pages, {len(outside)} addresses outside that nobody tried\n")
    return 0


# ---------------------------------------------------------------- what is written


def stage(sources: Path) -> list[Any]:
    """Put everything where it is in the repository, so that links stay true; return the menu."""
    for name in ("README.md", *PROJECT):
        (sources / name).parent.mkdir(exist_ok=True)
        (sources / name).write_text(_on_site((ROOT / name).read_text()))
    (sources / "LICENSE").write_text((ROOT / "LICENSE").read_text())
    shutil.copytree(ROOT / "docs", sources / "docs", ignore=shutil.ignore_patterns("site", "*.pyc"))
    for path in (sources / "docs").glob("*.md"):
        path.write_text(_on_site(path.read_text()))
    notebooks = sorted((ROOT / "notebooks").glob("*.ipynb"))
    (sources / "notebooks").mkdir()
    for path in notebooks:
        (sources / "notebooks" / f"{path.stem}.md").write_text(notebook_page(path))
    (sources / "api").mkdir()
    public = modules()
    for module in public:
        (sources / "api" / f"{module}.md").write_text(api_page(module))
    named = [*FIRST, *FRAMEWORKS]
    others = sorted(p.stem for p in (ROOT / "docs").glob("*.md") if p.stem not in named)
    guides = [name for name in FIRST if (ROOT / f"docs/{name}.md").exists()]
    return [
        {"diarist": "README.md"},
        {"Guide": [f"docs/{name}.md" for name in (*guides, *others)]},
        {"Frameworks": [f"docs/{name}.md" for name in FRAMEWORKS]},
        {"Notebooks": [{p.stem: f"notebooks/{p.stem}.md"} for p in notebooks]},
        {"Reference": [{module: f"api/{module}.md"} for module in public]},
        {"Project": PROJECT},
    ]


def _on_site(text: str) -> str:
    """Return a document whose links to notebooks lead to their pages, with plain fences."""
    return text.replace(".ipynb)", ".md)").replace("\n```text output\n", "\n```text\n")


def modules() -> list[str]:
    """Return the public modules, each of which becomes a page."""
    packages = sorted(path.name for path in (ROOT / "integrations").iterdir() if path.is_dir())
    return ["diarist", *(f"diarist.{name}" for name in CORE), *packages]


def api_page(module: str) -> str:
    """Return a page that describes each public name of a module once."""
    lines = [f"# {module}", "", f"::: {module}", "    options:", "      members: false", ""]
    for name in exports(module):
        lines += [f"::: {module}.{name}", ""]
        for part in PARTS.get(name, ()):
            lines += [f"::: {part}", ""]
    return "\n".join(lines)


def exports(module: str) -> list[str]:
    """Return the names in a module's `__all__`, read from its source."""
    place = ROOT / ("core" if module.startswith("diarist") else "integrations")
    place = place if module != "diarist_compat" else ROOT / "integrations"
    path = place.joinpath(*module.split("."))
    source = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    for node in ast.parse(source.read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return list(ast.literal_eval(node.value))
    raise LookupError(f"{module} has no __all__")


def notebook_page(path: Path) -> str:
    """Return a notebook as Markdown: its words, its code, and what that showed."""
    parts: list[str] = []
    for cell in json.loads(path.read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(_on_site(source))
        elif cell["cell_type"] == "code":
            parts.append(f"```python\n{source}\n```")
            parts += [shown for output in cell["outputs"] if (shown := _shown(output))]
    return "\n\n".join(parts) + "\n"


def _shown(output: dict[str, Any]) -> str:
    """Return what a cell showed: a picture, a page of its own, or text."""
    data = output.get("data", {})
    if "image/png" in data:
        picture = "".join(data["image/png"]).replace("\n", "")
        return f'<img alt="" src="data:image/png;base64,{picture}">'
    if "text/html" in data:
        page = html.escape("".join(data["text/html"]), quote=True)
        return f'<iframe class="shown" sandbox="" title="shown" srcdoc="{page}"></iframe>'
    text = "".join(output.get("text", data.get("text/plain", "")))
    return f"```text\n{text.rstrip()}\n```" if text.strip() else ""


# ---------------------------------------------------------------- how it looks


def settings(sources: Path, menu: list[Any], out: Path) -> dict[str, Any]:
    """Return the configuration of MkDocs; nothing is loaded from other hosts."""
    style = sources / "style.css"
    style.write_text("iframe.shown { border: 0; width: 100%; height: 22rem; }\n")
    reference = {
        "docstring_options": {"warn_missing_types": False},
        "docstring_style": "google",
        "extensions": ["examples:Examples"],
        "filters": ["!^_"],
        "heading_level": 2,
        "inherited_members": True,
        "members_order": "source",
        "merge_init_into_class": True,
        "preload_modules": [name for name in modules() if "." not in name],
        "separate_signature": True,
        "show_bases": False,
        "show_root_heading": True,
        "show_source": False,
        "signature_crossrefs": True,
    }
    python = {"paths": [str(ROOT / "core"), str(ROOT / "integrations")], "options": reference}
    palette = [
        {"scheme": "default", "media": "(prefers-color-scheme: light)"},
        {"scheme": "slate", "media": "(prefers-color-scheme: dark)"},
    ]
    return {
        "docs_dir": str(sources),
        "site_dir": str(out.absolute()),
        "site_url": "",
        "use_directory_urls": False,
        "strict": True,
        "nav": menu,
        "theme": {"name": "material", "font": False, "palette": palette},
        "extra_css": ["style.css"],
        "plugins": ["search", {"mkdocstrings": {"handlers": {"python": python}}}],
        "markdown_extensions": [
            "tables",
            "pymdownx.highlight",
            "pymdownx.superfences",
            {"toc": {"permalink": True, "slugify": slugify(case="lower")}},
        ],
        "validation": {
            "links": {"anchors": "warn", "not_found": "warn", "unrecognized_links": "warn"},
            "nav": {"omitted_files": "warn", "not_found": "warn"},
        },
    }


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "site")))
