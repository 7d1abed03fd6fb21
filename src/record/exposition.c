/*
 * record/exposition: which form of the page of metrics a scraper asks for (RFC 9110 §12.5.1);
 * declared in metrics.h.
 */
#include "record/metrics.h"

/* Thousandths of a weight "0.75", "1", "0" (RFC 9110 §12.4.2); 1000 for what is none. */
static unsigned weight_of(struct gw_str s)
{
    unsigned weight = 0, unit = 1000;

    if (s.len == 0 || (s.base[0] != '0' && s.base[0] != '1'))
        return 1000;
    for (size_t i = 0; i < s.len && i < 5; i++) {
        if (i == 1 && s.base[i] == '.')
            continue;
        if (s.base[i] < '0' || s.base[i] > '9')
            return 1000;
        weight += unit * (unsigned)(s.base[i] - '0');
        unit /= 10;
    }
    return weight < 1000 ? weight : 1000;
}

/* Takes the part in front of `end` off `rest`, trimmed, and `end` with it. */
static struct gw_str take_part(struct gw_str *rest, char end)
{
    size_t at = gw_str_find(*rest, end);
    struct gw_str part = gw_str_trim((struct gw_str){rest->base, at});

    *rest = gw_str_from(*rest, at < rest->len ? at + 1 : at);
    return part;
}

enum gw_exposition gw_exposition_for(struct gw_str accept)
{
    struct gw_str item;
    unsigned text = 0, openmetrics = 0;

    while (gw_str_next_item(&accept, &item)) {
        struct gw_str type = take_part(&item, ';');
        unsigned weight = 1000;
        bool version_known = true;
        while (item.len) {
            struct gw_str value = take_part(&item, ';'), name = take_part(&value, '=');
            if (gw_str_eq_nocase(name, GW_STR("q")))
                weight = weight_of(value);
            else if (gw_str_eq_nocase(name, GW_STR("version")))
                version_known =
                    gw_str_eq(value, GW_STR("1.0.0")) || gw_str_eq(value, GW_STR("0.0.1"));
        }
        if (gw_str_eq_nocase(type, GW_STR("application/openmetrics-text"))) {
            if (version_known && weight > openmetrics)
                openmetrics = weight;
        } else if (gw_str_eq_nocase(type, GW_STR("text/plain")) && weight > text) {
            text = weight;
        }
    }
    return openmetrics > 0 && openmetrics >= text ? GW_EXPOSE_OPENMETRICS : GW_EXPOSE_TEXT;
}

struct gw_str gw_exposition_content_type(enum gw_exposition exposition)
{
    return exposition == GW_EXPOSE_OPENMETRICS
               ? GW_STR("application/openmetrics-text; version=1.0.0; charset=utf-8")
               : GW_STR("text/plain; version=0.0.4; charset=utf-8");
}
