"""What every Kubeflow step shares: the image it runs in and how it says what it does.

A step's body is copied as text, so it imports what it needs inside; this module knows no step.
"""

import functools

from kfp import dsl

IMAGE = "metier-python-steps:0.1.0"

step = functools.partial(dsl.component, base_image=IMAGE, install_kfp_package=False)
"""Decorator that makes a function a Kubeflow step of the installed package."""
