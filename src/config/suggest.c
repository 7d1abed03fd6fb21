/*
 * Finds the key or name that was probably meant.
 */
#include "config/keys.h"

#define SUGGEST_BYTES_MAX 64u

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, changes and swaps of neighbours that turn one name into the other;
 * UINT_MAX when one is too long to be looked at. */
static unsigned distance(struct gw_str a, struct gw_str b)
{
    unsigned rows[3][SUGGEST_BYTES_MAX + 1];

    if (a.len > SUGGEST_BYTES_MAX || b.len > SUGGEST_BYTES_MAX)
        return UINT32_MAX;
    for (unsigned j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned *now = rows[i % 3];
        const unsigned *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        now[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            char x = gw_lower(a.base[i - 1]), y = gw_lower(b.base[j - 1]);
            unsigned best = least(up[j - 1] + (x != y), least(up[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && x == gw_lower(b.base[j - 2]) && gw_lower(a.base[i - 2]) == y)
                best = least(best, up2[j - 2] + 1);
            now[j] = best;
        }
    }
    return rows[a.len % 3][b.len];
}

void gw_nearest_init(struct gw_nearest *nearest, struct gw_str asked)
{
    *nearest = (struct gw_nearest){.asked = asked, .distance = UINT32_MAX};
}

void gw_nearest_offer(struct gw_nearest *nearest, struct gw_str name)
{
    size_t apart = name.len > nearest->asked.len ? name.len - nearest->asked.len
                                                 : nearest->asked.len - name.len;

    if (apart >= nearest->distance) /* it can only be worse */
        return;
    unsigned d = distance(nearest->asked, name);
    if (d < nearest->distance) {
        nearest->distance = d;
        nearest->name = name;
    }
}

bool gw_nearest_found(const struct gw_nearest *nearest)
{
    /* A third of the letters may be wrong, though not all; more is another word. */
    return nearest->distance < nearest->name.len &&
           nearest->distance <= (nearest->name.len + 2) / 3;
}

const char *gw_config_suggest(const struct gw_config_table *table, struct gw_str name)
{
    struct gw_nearest nearest;

    gw_nearest_init(&nearest, name);
    for (size_t i = 0; i < table->keys_count; i++)
        gw_nearest_offer(&nearest, gw_str_of(table->keys[i].name));
    return gw_nearest_found(&nearest) ? nearest.name.base : NULL; /* ends with a NUL, as all keys */
}
