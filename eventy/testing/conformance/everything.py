"""All tests of the suite and their fixtures, for one `from … import *`."""

from __future__ import annotations

from eventy.testing.conformance.bad_input import *
from eventy.testing.conformance.emitter import *
from eventy.testing.conformance.exactly_once import *
from eventy.testing.conformance.exhaustion import *
from eventy.testing.conformance.groups import *
from eventy.testing.conformance.handling import *
from eventy.testing.conformance.lanes import *
from eventy.testing.conformance.letters import *
from eventy.testing.conformance.metrics import *
from eventy.testing.conformance.positions import *
from eventy.testing.conformance.receiving import *
from eventy.testing.conformance.replay import *
from eventy.testing.conformance.retry import *
from eventy.testing.conformance.scope import *
from eventy.testing.conformance.stalls import *
from eventy.testing.conformance.stop import *
from eventy.testing.conformance.topics import *
