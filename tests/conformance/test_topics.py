"""Which topics are read: named ones, and all that a pattern matches, those that appear later as well."""

from eventy.testing.conformance.topics import *
