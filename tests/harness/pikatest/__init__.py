"""What the Python tests share: a live forge, small git projects, a browser, waiting on conditions."""
from .basics import BIN, BUILD, ROOT, main, run, wait_until
from .browser import Browser, browser_or_skip
from .forge import Forge
from .processes import adopt_orphans, descendants
from .project import Project, hostile_names

__all__ = [
    "BIN", "BUILD", "ROOT", "main", "run", "wait_until", "Browser", "browser_or_skip", "Forge",
    "adopt_orphans", "descendants", "Project", "hostile_names",
]
