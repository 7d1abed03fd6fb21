/*
 * Tables of translation between dialects.
 */
#include "config/config_private.h"

#define INTO(type, field) offsetof(type, field), sizeof(((type *)0)->field)
#define TRANSLATION(field) INTO(struct gw_raw_translation, field)
#define MODEL(field) INTO(struct gw_translation_model, field)
#define NOWHERE GW_KEY_NO_OFFSET, 0, 0
#define TABLE(keys) keys, GW_COUNT(keys)

static const char *const on_unsupported[] = {"drop", "error", NULL};
/* In the order of enum gw_meter_streams. */
static const char *const meter_streams[] = {"managed", "all", "off", NULL};
/* In the order of enum gw_translation_thinking: that it is not set has no name. */
static const char *const thinking[] = {"", "none", "budget", "adaptive", NULL};

static const struct gw_config_key model_keys[] = {
    {"max_output_tokens", GW_KEY_INTEGER, 0, MODEL(max_output_tokens), NULL, 1, INT32_MAX, NULL,
     NULL,
     "Most it may answer; also what is asked for where the caller says nothing, because Messages "
     "wants a number."},
    {"thinking", GW_KEY_CHOICE, 0, MODEL(thinking), NULL, 0, 0, thinking, NULL,
     "How it is asked to think: not at all, with a budget of tokens, or `adaptive` with an "
     "effort."},
    {"sampling", GW_KEY_BOOL, 0, MODEL(sampling), NULL, 0, 0, NULL, NULL,
     "Whether it takes `temperature`, `top_p` and `top_k`."},
    {"json_schema", GW_KEY_BOOL, 0, MODEL(json_schema), NULL, 0, 0, NULL, NULL,
     "Whether it takes a JSON schema for its answer; else one is emulated."},
};

static const struct gw_config_table model_table = {
    "translation.models.NAME",
    TABLE(model_keys),
    sizeof(struct gw_translation_model),
    GW_TABLE_IN_FORCE,
    NULL,
    "What models of the Messages dialect take whose name has NAME in it. Goes before what is known "
    "of them, so that a new model needs no release; a key that is not set stays as it is known. "
    "The first that fits counts."};

static const struct gw_config_key translation_keys[] = {
    {"on_unsupported", GW_KEY_CHOICE, 0, TRANSLATION(on_unsupported), "drop", 0, 0, on_unsupported,
     NULL,
     "What becomes of a parameter that the other dialect does not have: `drop` leaves it out and "
     "says so "
     "in `x-gateway-warnings`; `error` refuses the request by its name. A caller asks for the "
     "latter "
     "with `x-gateway-strict: true`."},
    {"fetch_media", GW_KEY_BOOL, 0, TRANSLATION(fetch_media), "false", 0, 0, NULL, NULL,
     "Whether images given by URL are fetched for providers that take none: over HTTPS, from "
     "public "
     "addresses, up to 20 MiB and 10 s each, 8 for a request. Else such a request is refused."},
    {"meter_streams", GW_KEY_CHOICE, 0, TRANSLATION(meter_streams), "managed", 0, 0, meter_streams,
     NULL,
     "Which chat streams are asked for their usage where the caller did not ask: those by routes "
     "and "
     "functions (`managed`), `all`, or none (`off`). The one event that this adds is left out of "
     "the "
     "answer."},
    {"models", GW_KEY_TABLES, 0, TRANSLATION(models), NULL, 0, 0, NULL, &model_table, NULL},
};

const struct gw_config_table gw_table_translation = {"translation",
                                                     TABLE(translation_keys),
                                                     sizeof(struct gw_raw_translation),
                                                     GW_TABLE_IN_FORCE,
                                                     NULL,
                                                     "Calls from one dialect to another."};
