"""What keeps a crawl from being faster, told from what its pages were seen to cost. Pure.

The same reasoning serves the verdict of a comparison (:func:`judge`) and the choice that ``--backend auto`` makes on
its first pages (:func:`choose_by`).
"""

from scraper.bounds.choice import choose_by
from scraper.bounds.judge import judge
from scraper.bounds.model import Bound, Finding, Load

__all__ = ["Bound", "Finding", "Load", "choose_by", "judge"]
