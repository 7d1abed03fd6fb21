#include "config/access_log_fields.h"

static const struct gw_str names[GW_ACCESS_FIELDS] = {
#define NAME(constant, name) [GW_ACCESS_##constant] = GW_STR_INIT(name),
    GW_ACCESS_LOG_FIELDS(NAME)
#undef NAME
};

bool gw_access_log_field(struct gw_str name, uint64_t *bit_out)
{
    for (unsigned field = 0; field < GW_ACCESS_FIELDS; field++)
        if (gw_str_eq(names[field], name)) {
            *bit_out = GW_ACCESS_BIT(field);
            return true;
        }
    return false;
}

struct gw_str gw_access_log_field_name(enum gw_access_field field)
{
    return names[field];
}
