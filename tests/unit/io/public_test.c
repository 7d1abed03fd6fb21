/* Which addresses are public: every class that is not, its first and last address, and its neighbours. */
#include "unit/test.h"

#include "io/public.h"

static const struct {
    const char *label;
    const char *inside[4];  /* not public */
    const char *outside[3]; /* next to it, and public */
} cases[] = {
    {"this network", {"0.0.0.0", "0.255.255.255"}, {"1.0.0.0"}},
    {"private 10/8", {"10.0.0.0", "10.255.255.255"}, {"9.255.255.255", "11.0.0.0"}},
    {"CGNAT", {"100.64.0.0", "100.127.255.255"}, {"100.63.255.255", "100.128.0.0"}},
    {"loopback", {"127.0.0.0", "127.0.0.1", "127.255.255.255"}, {"126.255.255.255", "128.0.0.0"}},
    {"link-local",
     {"169.254.0.0", "169.254.169.254", "169.254.255.255"},
     {"169.253.255.255", "169.255.0.0"}},
    {"private 172.16/12", {"172.16.0.0", "172.31.255.255"}, {"172.15.255.255", "172.32.0.0"}},
    {"protocols", {"192.0.0.0", "192.0.0.255"}, {"191.255.255.255", "192.0.1.0"}},
    {"documentation 1", {"192.0.2.0", "192.0.2.255"}, {"192.0.1.255", "192.0.3.0"}},
    {"6to4 relays", {"192.88.99.0", "192.88.99.255"}, {"192.88.98.255", "192.88.100.0"}},
    {"private 192.168/16", {"192.168.0.0", "192.168.255.255"}, {"192.167.255.255", "192.169.0.0"}},
    {"benchmarks", {"198.18.0.0", "198.19.255.255"}, {"198.17.255.255", "198.20.0.0"}},
    {"documentation 2", {"198.51.100.0", "198.51.100.255"}, {"198.51.99.255", "198.51.101.0"}},
    {"documentation 3", {"203.0.113.0", "203.0.113.255"}, {"203.0.112.255", "203.0.114.0"}},
    {"multicast", {"224.0.0.0", "224.0.0.1", "239.255.255.255"}, {"223.255.255.255"}},
    {"reserved", {"240.0.0.0", "255.255.255.255"}, {"8.8.8.8"}},
    {"v6 unspecified, loopback, compatible", {"::", "::1", "::8.8.8.8", "::7f00:1"}, {"2000::"}},
    {"v6 mapped, private",
     {"::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:169.254.169.254", "::ffff:0.0.0.0"},
     {"::ffff:8.8.8.8"}},
    {"v6 translated, not mapped", {"::ffff:0:8.8.8.8", "::1:0:0"}, {"2a00::1"}},
    {"NAT64, private",
     {"64:ff9b::127.0.0.1", "64:ff9b::192.168.0.1", "64:ff9b::100.64.0.1", "64:ff9b::224.0.0.1"},
     {"64:ff9b::8.8.8.8"}},
    {"NAT64, local", {"64:ff9b:1::8.8.8.8", "64:ff9b::1:808:808"}, {"64:ff9b::1.1.1.1"}},
    {"6to4, private",
     {"2002:7f00:1::1", "2002:a00:1::1", "2002:a9fe:a9fe::1", "2002:c0a8:101::1"},
     {"2002:808:808::1"}},
    {"discard", {"100::", "100::1"}, {"2600::1"}},
    {"protocols and Teredo", {"2001::1", "2001:20::1", "2001:1ff:ffff::"}, {"2001:200::"}},
    {"v6 documentation",
     {"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::1", "3fff:fff:ffff::1"},
     {"2001:db7:ffff::1", "2001:db9::", "3fff:1000::1"}},
    {"unique local", {"fc00::", "fd00:ec2::254", "fdff:ffff::1"}, {"3ffe::1"}},
    {"v6 link-local and site-local", {"fe80::1", "febf::1", "fec0::1", "feff::1"}, {"2606::1"}},
    {"v6 multicast", {"ff00::", "ff02::1", "ffff::"}, {"2400::1"}},
    {"beyond what is given out", {"4000::1", "5f00::1", "8000::1", "1fff::1"}, {"3fff:ffff::1"}},
};

static bool is_public(const char *label, const char *text)
{
    struct gw_addr addr;

    if (!gw_addr_parse(gw_str_of(text), 443, &addr))
        fail_msg("%s: %s is no address", label, text);
    return gw_addr_is_public(&addr);
}

static void test_every_class(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        for (size_t j = 0; j < GW_COUNT(cases[i].inside) && cases[i].inside[j]; j++)
            if (is_public(cases[i].label, cases[i].inside[j]))
                fail_msg("%s: %s is called public", cases[i].label, cases[i].inside[j]);
        for (size_t j = 0; j < GW_COUNT(cases[i].outside) && cases[i].outside[j]; j++)
            if (!is_public(cases[i].label, cases[i].outside[j]))
                fail_msg("%s: %s is not called public", cases[i].label, cases[i].outside[j]);
    }
}

static void test_other_families_are_not(void **state)
{
    struct gw_addr addr = {.u.sa.sa_family = AF_UNIX};

    (void)state;
    assert_false(gw_addr_is_public(&addr));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_class),
        cmocka_unit_test(test_other_families_are_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
