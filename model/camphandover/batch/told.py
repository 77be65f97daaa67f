"""What results share stands below them, see `camphandover.told`."""

from camphandover.told import Told as Told
from camphandover.told import Warned as Warned
