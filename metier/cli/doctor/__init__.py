"""`metier doctor`: what this machine has and what a run would lack, with the next move."""

from metier.cli.doctor.command import doctor

__all__ = ["doctor"]
