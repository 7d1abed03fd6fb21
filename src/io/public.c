#include "io/public.h"

/* IANA's registries of special-purpose addresses, but for what is reachable from everywhere. */
static const struct {
    uint32_t network;
    unsigned bits;
} special_v4[] = {
    {0x00000000, 8},  /* 0.0.0.0/8: this network */
    {0x0a000000, 8},  /* 10.0.0.0/8: private */
    {0x64400000, 10}, /* 100.64.0.0/10: shared by a provider's customers (CGNAT) */
    {0x7f000000, 8},  /* 127.0.0.0/8: loopback */
    {0xa9fe0000, 16}, /* 169.254.0.0/16: link-local, also where clouds tell secrets */
    {0xac100000, 12}, /* 172.16.0.0/12: private */
    {0xc0000000, 24}, /* 192.0.0.0/24: protocols */
    {0xc0000200, 24}, /* 192.0.2.0/24: documentation */
    {0xc0586300, 24}, /* 192.88.99.0/24: relays of 6to4, which are no more */
    {0xc0a80000, 16}, /* 192.168.0.0/16: private */
    {0xc6120000, 15}, /* 198.18.0.0/15: benchmarks */
    {0xc6336400, 24}, /* 198.51.100.0/24: documentation */
    {0xcb007100, 24}, /* 203.0.113.0/24: documentation */
    {0xe0000000, 4},  /* 224.0.0.0/4: multicast */
    {0xf0000000, 4},  /* 240.0.0.0/4: reserved, and broadcast */
};

/* Within 2000::/3, beyond which nothing is public. */
static const struct {
    unsigned char network[4];
    unsigned bits;
} special_v6[] = {
    {{0x20, 0x01, 0x00, 0x00}, 23}, /* 2001::/23: protocols, Teredo among them */
    {{0x20, 0x01, 0x0d, 0xb8}, 32}, /* 2001:db8::/32: documentation */
    {{0x3f, 0xff, 0x00, 0x00}, 20}, /* 3fff::/20: documentation */
};

static bool starts_with(const unsigned char *bytes, const unsigned char *prefix, unsigned bits)
{
    unsigned whole = bits / 8, rest = bits % 8;

    if (memcmp(bytes, prefix, whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0;
}

static bool is_public_v4(const unsigned char bytes[4])
{
    uint32_t address =
        (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];

    for (size_t i = 0; i < GW_COUNT(special_v4); i++)
        if ((address ^ special_v4[i].network) >> (32 - special_v4[i].bits) == 0)
            return false;
    return true;
}

static bool is_public_v6(const unsigned char bytes[16])
{
    static const unsigned char mapped[16] = {[10] = 0xff, [11] = 0xff};
    static const unsigned char nat64[16] = {0x00, 0x64, 0xff, 0x9b};
    static const unsigned char six_to_four[2] = {0x20, 0x02}, global[1] = {0x20};

    if (starts_with(bytes, mapped, 96) || starts_with(bytes, nat64, 96))
        return is_public_v4(bytes + 12);
    if (starts_with(bytes, six_to_four, 16))
        return is_public_v4(bytes + 2);
    if (!starts_with(bytes, global, 3))
        return false;
    for (size_t i = 0; i < GW_COUNT(special_v6); i++)
        if (starts_with(bytes, special_v6[i].network, special_v6[i].bits))
            return false;
    return true;
}

bool gw_addr_is_public(const struct gw_addr *addr)
{
    if (addr->u.sa.sa_family == AF_INET)
        return is_public_v4((const unsigned char *)&addr->u.v4.sin_addr);
    if (addr->u.sa.sa_family == AF_INET6)
        return is_public_v6(addr->u.v6.sin6_addr.s6_addr);
    return false;
}
