"""Which machines may be asked: no private, loopback or link-local one, unless params.yaml allows its network.

The check stands where names become addresses, right before the connection: a name that leads home is refused whatever
it is called, after every redirect, and a second look-up can't give another answer.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from scrapy import Request
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.resolver import CachingHostnameResolver
from scrapy.settings import BaseSettings
from scrapy.utils.httpobj import urlparse_cached
from twisted.internet.interfaces import IHostResolution, IResolutionReceiver
from zope.interface import implementer

Network = IPv4Network | IPv6Network
ALLOWED = "LESIONFLOW_ALLOWED_NETWORKS"
REFUSED: dict[str, str] = {}
"""Host to the address for which it was refused, of this process's crawl."""


class PrivateAddressError(IgnoreRequest):
    """A host whose every address lies in a network that is not allowed."""


def is_allowed(address: str, networks: Sequence[Network]) -> bool:
    """Whether an IP address is public, or in one of the allowed networks.

    >>> is_allowed("93.184.216.34", [])
    True
    >>> is_allowed("::ffff:169.254.169.254", [])
    False
    >>> is_allowed("10.1.2.3", [IPv4Network("10.0.0.0/8")])
    True
    """
    ip = _plain(ip_address(address.partition("%")[0]))
    if any(ip.version == network.version and ip in network for network in networks):
        return True
    return ip.is_global and not ip.is_multicast


def _plain(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one carries (mapped, 6to4, or translated by NAT64), if it carries one."""
    if isinstance(ip, IPv4Address):
        return ip
    nat64 = IPv4Address(int(ip) & 0xFFFFFFFF) if ip in IPv6Network("64:ff9b::/96") else None
    return ip.ipv4_mapped or ip.sixtofour or nat64 or ip


@implementer(IResolutionReceiver)
class _Guard:
    """Passes on the addresses that are allowed, and notes a host that has none."""

    def __init__(self, receiver: Any, host: str, networks: Sequence[Network]) -> None:
        self.receiver, self.host, self.networks = receiver, host, networks
        self.passed, self.refused = 0, ""

    def resolutionBegan(self, resolution: IHostResolution) -> None:  # noqa: N802 (Twisted's names)
        self.receiver.resolutionBegan(resolution)

    def addressResolved(self, address: Any) -> None:  # noqa: N802
        if is_allowed(address.host, self.networks):
            self.passed += 1
            self.receiver.addressResolved(address)
        else:
            self.refused = address.host

    def resolutionComplete(self) -> None:  # noqa: N802
        if self.refused and not self.passed:
            REFUSED[self.host] = self.refused
        self.receiver.resolutionComplete()


class GuardedResolver(CachingHostnameResolver):
    """Scrapy's resolver behind the guard; literal addresses (also 0x7f.1 and 2130706433) come this way too."""

    networks: Sequence[Network] = ()

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: Any) -> "GuardedResolver":
        """Scrapy's constructor; the allowed networks come with the settings."""
        resolver: GuardedResolver = super().from_crawler(crawler, reactor)
        settings: BaseSettings = crawler.settings
        resolver.networks = settings.get(ALLOWED)
        return resolver

    def resolveHostName(  # noqa: N802 (Twisted's names)
        self,
        resolutionReceiver: IResolutionReceiver,  # noqa: N803
        hostName: str,  # noqa: N803
        *args: Any,
        **options: Any,
    ) -> IHostResolution:
        """See `twisted.internet.interfaces.IHostnameResolver`."""
        guard: Any = _Guard(resolutionReceiver, hostName, self.networks)
        return super().resolveHostName(guard, hostName, *args, **options)


class PrivateAddresses:
    """Tells a host that was refused from one that does not exist, before anybody tries again."""

    def process_exception(self, request: Request, exception: Exception) -> None:
        """See Scrapy's downloader middlewares.

        Raises
        ------
        PrivateAddressError : the host of this request (after redirects) was refused.
        """
        host = urlparse_cached(request).hostname or ""
        if isinstance(exception, CannotResolveHostError) and host in REFUSED:
            raise PrivateAddressError(f"{host} is {REFUSED[host]}, not in ingest.web.allowed_networks")
