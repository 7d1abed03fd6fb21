/*
 * io/public: is an address one of the public Internet?
 *
 * For connections to hosts that callers name: they must not lead into networks that only this machine
 * reaches. What is not known to be public is not.
 */
#ifndef GW_IO_PUBLIC_H
#define GW_IO_PUBLIC_H

#include "io/socket.h"

/* No: loopback, private, link-local, shared, multicast, unspecified, reserved, for documentation and
 * benchmarks; IPv6 beyond 2000::/3; Teredo and local NAT64. IPv6 that is IPv4 in disguise (mapped, NAT64,
 * 6to4) is what the IPv4 address is. */
bool gw_addr_is_public(const struct gw_addr *addr);

#endif
