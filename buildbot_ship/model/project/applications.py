"""Find the web applications in Python modules, which are parsed and not run."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Iterator

import attrs

from .files import ProjectFiles

WSGI, ASGI = "WSGI", "ASGI"
FRAMEWORKS = {
    "flask.Flask": ("Flask", WSGI),
    "django.core.wsgi.get_wsgi_application": ("Django", WSGI),
    "django.core.asgi.get_asgi_application": ("Django", ASGI),
    "fastapi.FastAPI": ("FastAPI", ASGI),
    "starlette.applications.Starlette": ("Starlette", ASGI),
    "litestar.Litestar": ("Litestar", ASGI),
    "quart.Quart": ("Quart", ASGI),
    "falcon.App": ("Falcon", WSGI),
    "falcon.asgi.App": ("Falcon", ASGI),
    "bottle.Bottle": ("Bottle", WSGI),
}
"""What makes an application: its framework, and the interface that a server uses."""
_RANKS = {"wsgi.py": 0, "asgi.py": 0, "main.py": 1, "app.py": 1, "__init__.py": 2}


@attrs.frozen
class Application:
    """A web application; *target* is ``module:name`` as servers take it.

    *root* is the folder from which the module is imported.  A *factory* is a function that
    returns it.  With *answers* it has a page at ``/``.
    """

    target: str
    root: str
    framework: str
    interface: str
    path: str
    factory: bool = False
    answers: bool = False

    @property
    def rank(self) -> int:
        """Return how far it is from the place that people choose, 0 for the best."""
        return _RANKS.get(posixpath.basename(self.path), 3) + 4 * self.factory


def find_applications(
    files: ProjectFiles, folder: str, but: frozenset[str]
) -> tuple[Application, ...]:
    """Return the applications below *folder*, but not those below *but*; the best first."""
    trees = {}
    for path in files.python_files(folder, but):
        try:
            trees[path] = ast.parse(files.text(path))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    found = [
        app for path, tree in trees.items() for app in _in_module(files, folder, path, tree)
    ]
    factories = {app.target.rpartition(":")[2]: app for app in found if app.factory}
    for path, tree in trees.items():
        found += _made_by(factories, files, folder, path, tree)
    return tuple(sorted(set(found), key=lambda app: (app.rank, app.target)))


def _in_module(
    files: ProjectFiles, folder: str, path: str, tree: ast.Module
) -> Iterator[Application]:
    known, (module, root) = _imported(tree), module_of(files, folder, path)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _needs_nothing(node):
            calls = [made for each in ast.walk(node) if (made := _made(each, known))]
            if calls and any(isinstance(each, ast.Return) for each in ast.walk(node)):
                framework, interface = FRAMEWORKS[calls[0][1]]
                yield Application(
                    f"{module}:{node.name}", root, framework, interface, path,
                    factory=True, answers=_answers(node, calls[0][0]),
                )  # fmt: skip
        elif made := _made(node, known):
            framework, interface = FRAMEWORKS[made[1]]
            answers = _answers(tree, made[0])
            target = f"{module}:{made[0]}"
            yield Application(target, root, framework, interface, path, answers=answers)


def _made_by(
    factories: dict[str, Application],
    files: ProjectFiles,
    folder: str,
    path: str,
    tree: ast.Module,
) -> Iterator[Application]:
    """Yield the variables of a module that are set to what a factory returns."""
    module, root = module_of(files, folder, path)
    for node in tree.body:
        name, call = _assigned(node)
        if call is not None and (made := factories.get(_dotted(call.func).rpartition(".")[2])):
            yield attrs.evolve(
                made, target=f"{module}:{name}", root=root, path=path, factory=False
            )


def _imported(tree: ast.Module) -> dict[str, str]:
    """Return what each name of a module means, for the imports that it has anywhere."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                found[name.asname or name.name] = f"{node.module}.{name.name}"
        elif isinstance(node, ast.Import):
            for name in node.names:
                top = name.name.partition(".")[0]
                found[name.asname or top] = name.name if name.asname else top
    return found


def _made(node: ast.AST, known: dict[str, str]) -> tuple[str, str] | None:
    """Return the variable and the class if *node* sets a variable to a new application."""
    name, call = _assigned(node)
    if call is None:
        return None
    first, dot, rest = _dotted(call.func).partition(".")
    full = f"{known.get(first, '')}{dot}{rest}"
    return (name, full) if full in FRAMEWORKS else None


def _assigned(node: ast.AST) -> tuple[str, ast.Call | None]:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    value = getattr(node, "value", None)
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return (names[0], value) if names and isinstance(value, ast.Call) else ("", None)


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def _needs_nothing(function: ast.FunctionDef) -> bool:
    given = function.args
    required = len(given.args) + len(given.posonlyargs) - len(given.defaults)
    return required == 0 and all(default is not None for default in given.kw_defaults)


def _answers(tree: ast.AST, variable: str) -> bool:
    """Return whether there is a ``@variable.get("/")`` or a ``@variable.route("/")``."""
    for node in ast.walk(tree):
        for call in getattr(node, "decorator_list", []):
            if not (isinstance(call, ast.Call) and call.args):
                continue
            is_route = _dotted(call.func) in (f"{variable}.get", f"{variable}.route")
            if is_route and ast.unparse(call.args[0]) == "'/'":
                return True
    return False


def module_of(files: ProjectFiles, folder: str, path: str) -> tuple[str, str]:
    """Return the dotted name of a module, and the folder from which it is imported."""
    parts = path.removesuffix(".py").removesuffix("/__init__").split("/")
    base = len(folder.split("/")) if folder else 0
    if parts[base:-1] and parts[base] in ("src", "lib", "python"):
        base += 1
    # A folder without __init__.py whose modules import each other by name is a root itself.
    above = "/".join(parts[:-1])
    siblings = {
        posixpath.basename(each).removesuffix(".py")
        for each in files.paths
        if posixpath.dirname(each) == above and each.endswith(".py")
    }
    is_package = "__init__" in siblings or path.endswith("/__init__.py")
    if not is_package and len(parts) - base > 1:
        imported = _imported(_tree(files.text(path)))
        if siblings & {full.partition(".")[0] for full in imported.values()}:
            base = len(parts) - 1
    return ".".join(parts[base:]), "/".join(parts[:base])


def _tree(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])
