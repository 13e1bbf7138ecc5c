"""The aims of a benchmark: whether each is reached, and the last line, which counts them."""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Aims:
    """Aims that are printed as they are decided."""

    reached: list[bool] = field(default_factory=list)

    def check(self, reached: bool, text: str) -> None:
        """Print whether an aim is reached and keep it for the last line."""
        self.reached.append(reached)
        print(f"{'reached' if reached else 'missed '}  {text}", flush=True)

    def close(self) -> bool:
        """Print the last line. Return whether all aims are reached."""
        return close(self.reached)


def tell(aims: Iterable[tuple[str, bool]]) -> bool:
    """Print each aim with whether it is reached, and the last line. Return whether all are reached."""
    told = Aims()
    for text, reached in aims:
        told.check(reached, text)
    return told.close()


def close(reached: Iterable[bool]) -> bool:
    """Print only the last line, for a benchmark that prints its aims itself. Return whether all are reached."""
    all_of_them = list(reached)
    print(f"aims: {sum(all_of_them)} of {len(all_of_them)} reached", flush=True)
    return all(all_of_them)
