#include "unit/test.h"

#include "gateway/attempt.h"
#include "gateway/patch.h"
#include "gateway/variant.h"
#include "wire/json_read.h"

#include <stdio.h>

#define TOKENS_MAX 1024u
#define BODY_BYTES_MAX 65536u

#define CHAT GW_CALLER_CHAT
#define RESPONSES GW_CALLER_RESPONSES
#define MESSAGES GW_CALLER_MESSAGES

/* What a variant sets, as the configuration has it: "temperature=0.5 seed=7". */
static const struct {
    const char *label;
    enum gw_caller caller;
    bool completion_tokens; /* the provider knows max_completion_tokens */
    const char *params;
    const char *body, *want;
    bool seed_dropped;
} cases[] = {
    {"nothing to set", CHAT, true, "", "{\"model\":\"m\"}", "{\"model\":\"m\"}", false},

    {"added", CHAT, true, "temperature=0.5", "{\"model\":\"m\"}",
     "{\"model\":\"m\",\"temperature\":0.5}", false},
    {"replaced", CHAT, true, "temperature=0.5", "{\"temperature\":1,\"model\":\"m\"}",
     "{\"temperature\":0.5,\"model\":\"m\"}", false},
    {"replaced at the end", CHAT, true, "temperature=0.5", "{\"model\":\"m\",\"temperature\":1}",
     "{\"model\":\"m\",\"temperature\":0.5}", false},
    {"replaced by something longer", CHAT, true, "temperature=0.123456789",
     "{\"temperature\":1,\"model\":\"m\"}", "{\"temperature\":0.123456789,\"model\":\"m\"}", false},
    {"replaced by something shorter", CHAT, true, "temperature=1",
     "{\"temperature\":0.123456789,\"model\":\"m\"}", "{\"temperature\":1,\"model\":\"m\"}", false},
    {"replaced by the same", CHAT, true, "temperature=1", "{\"temperature\":1,\"model\":\"m\"}",
     "{\"temperature\":1,\"model\":\"m\"}", false},
    {"twice", CHAT, true, "temperature=0.5",
     "{\"temperature\":1,\"model\":\"m\",\"temperature\":2}",
     "{\"temperature\":0.5,\"model\":\"m\",\"temperature\":0.5}", false},
    {"null", CHAT, true, "temperature=0.5", "{\"temperature\":null,\"model\":\"m\"}",
     "{\"temperature\":0.5,\"model\":\"m\"}", false},
    {"a string", CHAT, true, "temperature=0.5", "{\"temperature\":\"1}\",\"model\":\"m\"}",
     "{\"temperature\":0.5,\"model\":\"m\"}", false},
    {"an object", CHAT, true, "temperature=0.5",
     "{\"temperature\":{\"temperature\":[1,{\"a\":2}]},\"model\":\"m\"}",
     "{\"temperature\":0.5,\"model\":\"m\"}", false},
    {"an array", CHAT, true, "temperature=0.5", "{\"temperature\":[ ],\"model\":\"m\"}",
     "{\"temperature\":0.5,\"model\":\"m\"}", false},
    {"blanks stay", CHAT, true, "temperature=0.5",
     " {\t\"temperature\" :\r\n 1 ,\n \"model\":\"m\" } \n",
     " {\t\"temperature\" :\r\n 0.5 ,\n \"model\":\"m\" } \n", false},
    {"added before blanks' end", CHAT, true, "temperature=0.5", "{\"model\":\"m\"\n}\n",
     "{\"model\":\"m\"\n,\"temperature\":0.5}\n", false},
    {"to nothing", CHAT, true, "temperature=0.5", "{ }", "{ \"temperature\":0.5}", false},
    {"only of the body itself", CHAT, true, "temperature=0.5",
     "{\"metadata\":{\"temperature\":1},\"messages\":[{\"temperature\":2}],\"model\":\"m\"}",
     "{\"metadata\":{\"temperature\":1},\"messages\":[{\"temperature\":2}],\"model\":\"m\","
     "\"temperature\":0.5}",
     false},
    {"a value of that name is no key", CHAT, true, "temperature=0.5",
     "{\"model\":\"temperature\",\"stop\":[\"temperature\",1]}",
     "{\"model\":\"temperature\",\"stop\":[\"temperature\",1],\"temperature\":0.5}", false},
    {"a longer name, a shorter name, another case", CHAT, true, "temperature=0.5",
     "{\"temperatures\":1,\"temperatur\":2,\"Temperature\":3}",
     "{\"temperatures\":1,\"temperatur\":2,\"Temperature\":3,\"temperature\":0.5}", false},
    {"an escaped name", CHAT, true, "temperature=0.5", "{\"temper\\u0061ture\":1,\"model\":\"m\"}",
     "{\"temper\\u0061ture\":0.5,\"model\":\"m\"}", false},
    {"escaped, and as it is", CHAT, true, "temperature=0.5",
     "{\"\\u0074emperature\":1,\"temperature\":2}",
     "{\"\\u0074emperature\":0.5,\"temperature\":0.5}", false},

    {"all at once, added", CHAT, true,
     "temperature=0.5 top_p=0.9 max_tokens=10 seed=-7 reasoning_effort=\"low\"",
     "{\"model\":\"m\"}",
     "{\"model\":\"m\",\"temperature\":0.5,\"top_p\":0.9,\"max_completion_tokens\":10,\"seed\":-7,"
     "\"reasoning_effort\":\"low\"}",
     false},
    {"all at once, replaced, in another order", CHAT, true,
     "temperature=0.5 top_p=0.9 max_tokens=10 seed=-7 reasoning_effort=\"low\"",
     "{\"reasoning_effort\":\"high\",\"seed\":1,\"max_tokens\":2,\"model\":\"m\",\"top_p\":3,"
     "\"temperature\":4}",
     "{\"reasoning_effort\":\"low\",\"seed\":-7,\"max_tokens\":10,\"model\":\"m\",\"top_p\":0.9,"
     "\"temperature\":0.5}",
     false},
    {"some added, some replaced", CHAT, true, "temperature=0.5 top_p=0.9 seed=3",
     "{\"top_p\":1,\"model\":\"m\"}",
     "{\"top_p\":0.9,\"model\":\"m\",\"temperature\":0.5,\"seed\":3}", false},

    {"the newer name is added", CHAT, true, "max_tokens=10", "{\"model\":\"m\"}",
     "{\"model\":\"m\",\"max_completion_tokens\":10}", false},
    {"the older name is added", CHAT, false, "max_tokens=10", "{\"model\":\"m\"}",
     "{\"model\":\"m\",\"max_tokens\":10}", false},
    {"the newer name stays", CHAT, false, "max_tokens=10", "{\"max_completion_tokens\":1}",
     "{\"max_completion_tokens\":10}", false},
    {"the older name stays", CHAT, true, "max_tokens=10", "{\"max_tokens\":1}",
     "{\"max_tokens\":10}", false},
    {"both names", CHAT, true, "max_tokens=10", "{\"max_tokens\":1,\"max_completion_tokens\":2}",
     "{\"max_tokens\":10,\"max_completion_tokens\":10}", false},
    {"both names, twice", CHAT, false, "max_tokens=10",
     "{\"max_completion_tokens\":1,\"max_tokens\":2,\"max_tokens\":3,\"max_completion_tokens\":4}",
     "{\"max_completion_tokens\":10,\"max_tokens\":10,\"max_tokens\":10,"
     "\"max_completion_tokens\":10}",
     false},
    {"Responses has a name of its own", RESPONSES, true, "max_tokens=10",
     "{\"max_tokens\":1,\"max_completion_tokens\":2}",
     "{\"max_tokens\":1,\"max_completion_tokens\":2,\"max_output_tokens\":10}", false},
    {"Responses, replaced", RESPONSES, false, "max_tokens=10", "{\"max_output_tokens\":1}",
     "{\"max_output_tokens\":10}", false},
    {"Messages, replaced", MESSAGES, true, "max_tokens=10",
     "{\"max_tokens\":1,\"max_completion_tokens\":2}",
     "{\"max_tokens\":10,\"max_completion_tokens\":2}", false},
    {"Messages, added", MESSAGES, true, "max_tokens=10", "{\"model\":\"m\"}",
     "{\"model\":\"m\",\"max_tokens\":10}", false},
    {"the names of another API stay", CHAT, true, "max_tokens=10", "{\"max_output_tokens\":1}",
     "{\"max_output_tokens\":1,\"max_completion_tokens\":10}", false},

    {"effort in Chat", CHAT, true, "reasoning_effort=\"low\"",
     "{\"reasoning\":{\"effort\":\"high\"},\"output_config\":{}}",
     "{\"reasoning\":{\"effort\":\"high\"},\"output_config\":{},\"reasoning_effort\":\"low\"}",
     false},
    {"effort is there", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"reasoning\":{\"summary\":\"auto\",\"effort\":\"high\"},\"model\":\"m\"}",
     "{\"reasoning\":{\"summary\":\"auto\",\"effort\":\"low\"},\"model\":\"m\"}", false},
    {"effort is there twice", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"reasoning\":{\"effort\":null,\"effort\":\"high\"}}",
     "{\"reasoning\":{\"effort\":\"low\",\"effort\":\"low\"}}", false},
    {"effort is missing", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"reasoning\":{\"summary\":\"auto\"},\"model\":\"m\"}",
     "{\"reasoning\":{\"summary\":\"auto\",\"effort\":\"low\"},\"model\":\"m\"}", false},
    {"nothing is in there", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"reasoning\":{ },\"model\":\"m\"}", "{\"reasoning\":{ \"effort\":\"low\"},\"model\":\"m\"}",
     false},
    {"no object", RESPONSES, true, "reasoning_effort=\"low\"", "{\"model\":\"m\"}",
     "{\"model\":\"m\",\"reasoning\":{\"effort\":\"low\"}}", false},
    {"null for the object", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"reasoning\":null,\"model\":\"m\"}", "{\"reasoning\":{\"effort\":\"low\"},\"model\":\"m\"}",
     false},
    {"a string for the object", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"reasoning\":\"high\",\"model\":\"m\"}",
     "{\"reasoning\":{\"effort\":\"low\"},\"model\":\"m\"}", false},
    {"an array for the object", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"reasoning\":[{\"effort\":\"high\"}],\"model\":\"m\"}",
     "{\"reasoning\":{\"effort\":\"low\"},\"model\":\"m\"}", false},
    {"two objects", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"reasoning\":{\"effort\":\"high\"},\"reasoning\":{\"summary\":\"auto\"}}",
     "{\"reasoning\":{\"effort\":\"low\"},\"reasoning\":{\"summary\":\"auto\","
     "\"effort\":\"low\"}}",
     false},
    {"an object and null", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"reasoning\":{\"effort\":\"high\",\"summary\":\"auto\"},\"reasoning\":null}",
     "{\"reasoning\":{\"effort\":\"low\",\"summary\":\"auto\"},\"reasoning\":{"
     "\"effort\":\"low\"}}",
     false},
    {"escaped names", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"re\\u0061soning\":{\"\\u0065ffort\":\"high\"}}",
     "{\"re\\u0061soning\":{\"\\u0065ffort\":\"low\"}}", false},
    {"deeper ones stay", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"effort\":1,\"reasoning\":{\"reasoning\":{\"effort\":\"high\"}}}",
     "{\"effort\":1,\"reasoning\":{\"reasoning\":{\"effort\":\"high\"},\"effort\":\"low\"}}",
     false},
    {"the name of Chat stays", RESPONSES, true, "reasoning_effort=\"low\"",
     "{\"reasoning_effort\":\"high\"}",
     "{\"reasoning_effort\":\"high\",\"reasoning\":{\"effort\":\"low\"}}", false},
    {"effort in Messages", MESSAGES, true, "reasoning_effort=\"low\"",
     "{\"output_config\":{\"effort\":\"max\",\"format\":{}},\"reasoning\":{\"effort\":\"high\"}}",
     "{\"output_config\":{\"effort\":\"low\",\"format\":{}},\"reasoning\":{\"effort\":\"high\"}}",
     false},
    {"effort in Messages, missing", MESSAGES, true, "reasoning_effort=\"low\"",
     "{\"output_config\":{\"format\":{}}}",
     "{\"output_config\":{\"format\":{},\"effort\":\"low\"}}", false},
    {"effort in Messages, no object", MESSAGES, true, "reasoning_effort=\"low\"",
     "{\"model\":\"m\"}", "{\"model\":\"m\",\"output_config\":{\"effort\":\"low\"}}", false},
    {"effort in Messages, null", MESSAGES, true, "reasoning_effort=\"low\"",
     "{\"output_config\":null}", "{\"output_config\":{\"effort\":\"low\"}}", false},
    {"effort in Messages, a string", MESSAGES, true, "reasoning_effort=\"low\"",
     "{\"output_config\":\"{}\"}", "{\"output_config\":{\"effort\":\"low\"}}", false},
    {"effort and others, one behind the other", RESPONSES, true,
     "temperature=0.5 reasoning_effort=\"low\"", "{\"model\":\"m\",\"reasoning\":{}}",
     "{\"model\":\"m\",\"reasoning\":{\"effort\":\"low\"},\"temperature\":0.5}", false},

    {"seed", CHAT, true, "seed=7", "{\"seed\":1}", "{\"seed\":7}", false},
    {"Responses have no seed", RESPONSES, true, "seed=7", "{\"model\":\"m\"}", "{\"model\":\"m\"}",
     true},
    {"Messages have no seed", MESSAGES, true, "seed=7 temperature=0.5", "{\"model\":\"m\"}",
     "{\"model\":\"m\",\"temperature\":0.5}", true},
    {"what the caller calls seed there stays", MESSAGES, true, "seed=7", "{\"seed\":1}",
     "{\"seed\":1}", true},

    {"all else stays, byte for byte", CHAT, true, "temperature=0.5",
     "{ \"n\":1.50e+03 , "
     "\"big\":123456789012345678901234567890,\"neg\":-0,\"user\":\"\\u00e4\xc3\xa4\","
     "\"user\":\"twice\",\"temperature\":1E0,\"\":[ ],\"t\":true,\"model\":\"m\\/n\" }",
     "{ \"n\":1.50e+03 , "
     "\"big\":123456789012345678901234567890,\"neg\":-0,\"user\":\"\\u00e4\xc3\xa4\","
     "\"user\":\"twice\",\"temperature\":0.5,\"\":[ ],\"t\":true,\"model\":\"m\\/n\" }",
     false},

    {"other endpoints have no parameters", GW_CALLER_OPENAI, true, "temperature=0.5 max_tokens=10",
     "{\"temperature\":1,\"model\":\"m\"}", "{\"temperature\":1,\"model\":\"m\"}", false},
};

/* The least of an exchange that it takes. */
struct rig {
    struct gw_exchange *ex;
    struct gw_provider_config provider;
    struct gw_managed managed;
    struct gw_edited edited;
    struct gw_target_config target;
};

static void rig_init(struct rig *rig, enum gw_caller caller, struct gw_str body)
{
    *rig = (struct rig){.ex = test_calloc(1, sizeof *rig->ex)};
    gw_arena_init(&rig->ex->arena, NULL);
    gw_buf_init(&rig->ex->forward.held, BODY_BYTES_MAX);
    assert_int_equal(gw_buf_add(&rig->ex->forward.held, body), GW_OK);
    rig->ex->caller = caller;
    rig->ex->provider = &rig->provider;
    rig->ex->managed = &rig->managed;
    rig->ex->edited = &rig->edited;
}

static void rig_finish(struct rig *rig)
{
    gw_buf_finish(&rig->ex->forward.held);
    gw_arena_finish(&rig->ex->arena);
    test_free(rig->ex);
}

static enum gw_param param_of(struct gw_str name)
{
    static const char *const names[] = {
        [GW_PARAM_TEMPERATURE] = "temperature",
        [GW_PARAM_TOP_P] = "top_p",
        [GW_PARAM_MAX_TOKENS] = "max_tokens",
        [GW_PARAM_SEED] = "seed",
        [GW_PARAM_REASONING_EFFORT] = "reasoning_effort",
    };

    for (unsigned i = 0; i < GW_PARAMS; i++)
        if (gw_str_eq(name, gw_str_of(names[i])))
            return (enum gw_param)i;
    fail_msg("%.*s is no parameter", GW_STR_ARG(name));
    return GW_PARAMS;
}

static void set_params(struct gw_target_config *target, const char *text)
{
    *target = (struct gw_target_config){.has_params = *text != '\0'};
    while (*text) {
        struct gw_str word = {text, strcspn(text, " ")};
        size_t name_len = gw_str_find(word, '=');
        target->params[param_of((struct gw_str){text, name_len})] = gw_str_from(word, name_len + 1);
        text += word.len + (text[word.len] == ' ');
    }
}

/* As attempt.c sets it, of the name that stands for a function's: "fn". */
static void splice_model(struct rig *rig, const char *model_json)
{
    struct gw_forward *forward = &rig->ex->forward;
    const struct gw_str name = GW_STR("\"fn\"");
    struct gw_str body = gw_buf_str(&forward->held);

    forward->model =
        (struct gw_splice){gw_str_find_str(body, name) + 1, name.len - 2, gw_str_of(model_json)};
    assert_true(forward->model.at < body.len);
    forward->splices = &forward->model;
    forward->splices_count = 1;
}

/* By place, apart from each other, and within the body. */
static void apply(const char *label, const struct gw_forward *forward, struct gw_buf *into)
{
    struct gw_str body = gw_buf_str(&forward->held);
    uint64_t at = 0;

    gw_buf_init(into, 2 * BODY_BYTES_MAX);
    for (unsigned i = 0; i < forward->splices_count; i++) {
        const struct gw_splice *splice = &forward->splices[i];
        if (splice->at < at || splice->at > body.len || splice->len > body.len - splice->at)
            fail_msg("%s: splice %u", label, i);
        (void)gw_buf_add(into, (struct gw_str){body.base + at, (size_t)(splice->at - at)});
        (void)gw_buf_add(into, splice->with);
        at = splice->at + splice->len;
    }
    (void)gw_buf_add(into, gw_str_from(body, (size_t)at));
}

static void check_result(const char *label, const struct rig *rig, struct gw_str want)
{
    struct gw_buf result;
    struct gw_arena arena;
    struct gw_json json;

    gw_arena_init(&arena, NULL);
    apply(label, &rig->ex->forward, &result);
    if (!gw_str_eq(gw_buf_str(&result), want))
        fail_msg("%s:\n%.*s\n%.*s", label, GW_STR_ARG(gw_buf_str(&result)), GW_STR_ARG(want));
    if (gw_json_read(gw_buf_str(&result), &arena, TOKENS_MAX, &json, NULL) != GW_OK)
        fail_msg("%s: %.*s is no JSON", label, GW_STR_ARG(want));
    gw_arena_finish(&arena);
    gw_buf_finish(&result);
}

static void test_parameters(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        struct rig rig;
        struct gw_err err = {.offset = 0};
        rig_init(&rig, cases[i].caller, gw_str_of(cases[i].body));
        rig.provider.completion_tokens = cases[i].completion_tokens;
        set_params(&rig.target, cases[i].params);
        if (gw_variant_splice(rig.ex, &rig.target, &err) != GW_OK)
            fail_msg("%s: %s", cases[i].label, err.message);
        check_result(cases[i].label, &rig, gw_str_of(cases[i].want));
        if ((rig.edited.ledger.count != 0) != cases[i].seed_dropped)
            fail_msg("%s: seed", cases[i].label);
        rig_finish(&rig);
    }
}

static void test_model_and_parameters(void **state)
{
    static const struct {
        const char *label, *params, *body, *want;
    } rows[] = {
        {"only the model", "", "{\"model\":\"fn\"}", "{\"model\":\"gpt-4o\"}"},
        {"in front", "temperature=0.5", "{\"model\":\"fn\",\"temperature\":1}",
         "{\"model\":\"gpt-4o\",\"temperature\":0.5}"},
        {"behind", "temperature=0.5", "{\"temperature\":1,\"model\":\"fn\"}",
         "{\"temperature\":0.5,\"model\":\"gpt-4o\"}"},
        {"between", "temperature=0.5 top_p=0.9", "{\"temperature\":1,\"model\":\"fn\",\"top_p\":1}",
         "{\"temperature\":0.5,\"model\":\"gpt-4o\",\"top_p\":0.9}"},
        {"and added", "temperature=0.5 seed=1", "{\"model\":\"fn\"}",
         "{\"model\":\"gpt-4o\",\"temperature\":0.5,\"seed\":1}"},
        {"and all of them",
         "temperature=0.5 top_p=0.9 max_tokens=1 seed=1 reasoning_effort=\"low\"",
         "{\"top_p\":1,\"messages\":[],\"max_tokens\":5,\"model\":\"fn\",\"temperature\":1}",
         "{\"top_p\":0.9,\"messages\":[],\"max_tokens\":1,\"model\":\"gpt-4o\",\"temperature\":0.5,"
         "\"seed\":1,\"reasoning_effort\":\"low\"}"},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct rig rig;
        struct gw_err err = {.offset = 0};
        rig_init(&rig, CHAT, gw_str_of(rows[i].body));
        set_params(&rig.target, rows[i].params);
        splice_model(&rig, "gpt-4o");
        if (gw_variant_splice(rig.ex, &rig.target, &err) != GW_OK)
            fail_msg("%s: %s", rows[i].label, err.message);
        check_result(rows[i].label, &rig, gw_str_of(rows[i].want));
        rig_finish(&rig);
    }
}

/* Another variant is tried after the first: nothing of that one is left. */
static void test_next_variant(void **state)
{
    struct rig rig;
    struct gw_err err = {.offset = 0};

    (void)state;
    rig_init(&rig, MESSAGES, GW_STR("{\"model\":\"fn\",\"temperature\":1}"));
    set_params(&rig.target, "temperature=0.5 seed=1 top_p=0.1");
    splice_model(&rig, "first");
    assert_int_equal(gw_variant_splice(rig.ex, &rig.target, &err), GW_OK);
    assert_string_equal(rig.edited.ledger.entries[0].name, "seed");
    check_result("first", &rig, GW_STR("{\"model\":\"first\",\"temperature\":0.5,\"top_p\":0.1}"));
    rig.edited.ledger.count = 0; /* as gw_patch_begin() does */
    set_params(&rig.target, "max_tokens=3");
    splice_model(&rig, "second");
    assert_int_equal(gw_variant_splice(rig.ex, &rig.target, &err), GW_OK);
    assert_int_equal(rig.edited.ledger.count, 0);
    check_result("second", &rig,
                 GW_STR("{\"model\":\"second\",\"temperature\":1,\"max_tokens\":3}"));
    rig_finish(&rig);
}

static void test_broken_json(void **state)
{
    static const struct {
        const char *label, *body;
        size_t offset;
    } rows[] = {
        {"cut", "{\"model\":\"m\"", 12},
        {"a comma too many", "{\"model\":\"m\",}", 13},
        {"a number that is none", "{\"model\":\"m\",\"temperature\":01}", 28},
        {"more behind it", "{\"model\":\"m\"} x", 14},
        {"bytes that are no UTF-8", "{\"model\":\"m\xff\"}", 11},
        {"nothing", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < GW_COUNT(rows); i++) {
        struct rig rig;
        struct gw_err err = {.offset = 99};
        rig_init(&rig, CHAT, gw_str_of(rows[i].body));
        set_params(&rig.target, "temperature=0.5");
        enum gw_status status = gw_variant_splice(rig.ex, &rig.target, &err);
        if (status != GW_INVALID || err.offset != rows[i].offset)
            fail_msg("%s: %s at %zu: %s", rows[i].label, gw_status_name(status), err.offset,
                     err.message);
        assert_int_equal(rig.ex->forward.splices_count, 0);
        rig_finish(&rig);
    }
}

/* A body that sets one thing again and again is refused at last, and not replaced in part. */
static void test_too_many_duplicates(void **state)
{
    bool refused = false;

    (void)state;
    for (unsigned times = 1; times <= 64; times++) {
        struct rig rig;
        struct gw_err err = {.offset = 0};
        char body[2048], want[2048];
        int body_len = snprintf(body, sizeof body, "{\"model\":\"fn\"");
        int want_len = snprintf(want, sizeof want, "{\"model\":\"m\"");
        for (unsigned i = 0; i < times; i++) {
            body_len +=
                snprintf(body + body_len, sizeof body - (size_t)body_len, ",\"top_p\":%u", i);
            want_len += snprintf(want + want_len, sizeof want - (size_t)want_len, ",\"top_p\":0.9");
        }
        (void)snprintf(body + body_len, sizeof body - (size_t)body_len, "}");
        (void)snprintf(want + want_len, sizeof want - (size_t)want_len, "}");
        rig_init(&rig, CHAT, gw_str_of(body));
        set_params(&rig.target, "top_p=0.9");
        splice_model(&rig, "m");
        enum gw_status status = gw_variant_splice(rig.ex, &rig.target, &err);
        if (status == GW_OK) {
            assert_false(refused);
            check_result("duplicates", &rig, gw_str_of(want));
        } else {
            assert_int_equal(status, GW_INVALID);
            assert_non_null(strstr(err.message, "too often"));
            assert_int_equal(rig.ex->forward.splices_count, 1); /* the model's */
            refused = true;
        }
        assert_true(times > 8 || !refused);
        rig_finish(&rig);
    }
    assert_true(refused);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters),          cmocka_unit_test(test_model_and_parameters),
        cmocka_unit_test(test_next_variant),        cmocka_unit_test(test_broken_json),
        cmocka_unit_test(test_too_many_duplicates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
