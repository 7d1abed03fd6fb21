#include "unit/test.h"

#include "gateway/endpoints.h"

#define NOWHERE NULL

static const struct {
    const char *label;
    enum gw_http1_method method;
    const char *target;
    const char *path; /* of the row that fits; NOWHERE: none does */
    bool allowed;
    enum gw_caller caller;
    const char *below, *name, *query;
} cases[] = {
    {"chat", GW_METHOD_POST, "/v1/chat/completions", "/v1/chat/completions", true, GW_CALLER_CHAT,
     "/chat/completions", "", ""},
    {"a query", GW_METHOD_POST, "/v1/chat/completions?a=/v1/x&b=?", "/v1/chat/completions", true,
     GW_CALLER_CHAT, "/chat/completions", "", "?a=/v1/x&b=?"},
    {"an empty query", GW_METHOD_POST, "/v1/responses?", "/v1/responses", true, GW_CALLER_RESPONSES,
     "/responses", "", "?"},
    {"messages", GW_METHOD_POST, "/v1/messages", "/v1/messages", true, GW_CALLER_MESSAGES,
     "/messages", "", ""},
    {"count_tokens", GW_METHOD_POST, "/v1/messages/count_tokens", "/v1/messages/count_tokens", true,
     GW_CALLER_MESSAGES, "/messages/count_tokens", "", ""},
    {"another method", GW_METHOD_GET, "/v1/chat/completions", "/v1/chat/completions", false,
     GW_CALLER_CHAT, "/chat/completions", "", ""},
    {"another method, messages", GW_METHOD_DELETE, "/v1/messages", "/v1/messages", false,
     GW_CALLER_MESSAGES, "/messages", "", ""},
    {"a method without a name", GW_METHOD_OTHER, "/v1/embeddings", "/v1/embeddings", false,
     GW_CALLER_OPENAI, "/embeddings", "", ""},
    {"/v1 twice", GW_METHOD_POST, "/v1/v1/chat/completions?x", "/v1/chat/completions", true,
     GW_CALLER_CHAT, "/chat/completions", "", "?x"},
    {"/v1 twice, messages", GW_METHOD_POST, "/v1/v1/messages", "/v1/messages", true,
     GW_CALLER_MESSAGES, "/messages", "", ""},
    {"/v1 thrice", GW_METHOD_POST, "/v1/v1/v1/chat/completions", "/v1/**", true, GW_CALLER_OPENAI,
     "/v1/chat/completions", "", ""},
    {"transcription", GW_METHOD_POST, "/v1/audio/transcriptions", "/v1/audio/transcriptions", true,
     GW_CALLER_OPENAI, "/audio/transcriptions", "", ""},

    {"files, list", GW_METHOD_GET, "/v1/files?limit=2", "/v1/files", true, GW_CALLER_OPENAI,
     "/files", "", "?limit=2"},
    {"files, upload", GW_METHOD_POST, "/v1/files", "/v1/files", true, GW_CALLER_OPENAI, "/files",
     "", ""},
    {"files, no such method", GW_METHOD_DELETE, "/v1/files", "/v1/files", false, GW_CALLER_OPENAI,
     "/files", "", ""},
    {"a file", GW_METHOD_DELETE, "/v1/files/file-1", "/v1/files/*", true, GW_CALLER_OPENAI,
     "/files/file-1", "", ""},
    {"a file is not posted", GW_METHOD_POST, "/v1/files/file-1", "/v1/files/*", false,
     GW_CALLER_OPENAI, "/files/file-1", "", ""},
    {"a file's content", GW_METHOD_GET, "/v1/files/file-1/content", "/v1/files/*/content", true,
     GW_CALLER_OPENAI, "/files/file-1/content", "", ""},
    {"a file's other things", GW_METHOD_GET, "/v1/files/file-1/other", NOWHERE, false,
     GW_CALLER_OPENAI, "", "", ""},
    {"a file without a name", GW_METHOD_GET, "/v1/files/", NOWHERE, false, GW_CALLER_OPENAI, "", "",
     ""},

    {"models", GW_METHOD_GET, "/v1/models", "/v1/models", true, GW_CALLER_OPENAI, "/models", "",
     ""},
    {"models, HEAD", GW_METHOD_HEAD, "/v1/models", "/v1/models", true, GW_CALLER_OPENAI, "/models",
     "", ""},
    {"models, POST", GW_METHOD_POST, "/v1/models", "/v1/models", false, GW_CALLER_OPENAI, "/models",
     "", ""},
    {"a model", GW_METHOD_GET, "/v1/models/gpt-4o", "/v1/models/**", true, GW_CALLER_OPENAI,
     "/models/gpt-4o", "gpt-4o", ""},
    {"a model with slashes", GW_METHOD_GET, "/v1/models/org/model%20x?y", "/v1/models/**", true,
     GW_CALLER_OPENAI, "/models/org/model%20x", "org/model%20x", "?y"},
    {"a model, /v1 twice", GW_METHOD_GET, "/v1/v1/models/m", "/v1/models/**", true,
     GW_CALLER_OPENAI, "/models/m", "m", ""},
    {"a model without a name", GW_METHOD_GET, "/v1/models/", NOWHERE, false, GW_CALLER_OPENAI, "",
     "", ""},

    {"forwarded", GW_METHOD_POST, "/v1/moderations", "/v1/**", true, GW_CALLER_OPENAI,
     "/moderations", "", ""},
    {"forwarded, deeper", GW_METHOD_POST, "/v1/a/b/c", "/v1/**", true, GW_CALLER_OPENAI, "/a/b/c",
     "", ""},
    {"only POST is forwarded", GW_METHOD_GET, "/v1/moderations", NOWHERE, false, GW_CALLER_OPENAI,
     "", "", ""},
    {"below messages", GW_METHOD_POST, "/v1/messages/batches", "/v1/messages/**", true,
     GW_CALLER_MESSAGES, "/messages/batches", "", ""},
    {"below messages, GET", GW_METHOD_GET, "/v1/messages/batches", NOWHERE, false,
     GW_CALLER_MESSAGES, "", "", ""},
    {"chat with a slash", GW_METHOD_POST, "/v1/chat/completions/", "/v1/**", true, GW_CALLER_OPENAI,
     "/chat/completions/", "", ""},
    {"an empty segment", GW_METHOD_POST, "/v1//chat/completions", NOWHERE, false, GW_CALLER_OPENAI,
     "", "", ""},

    {"native", GW_METHOD_PATCH, "/providers/openai/v1/x/y?z", "/providers/**", true,
     GW_CALLER_OPENAI, "/v1/x/y", "openai", "?z"},
    {"native, any method", GW_METHOD_OTHER, "/providers/p/x", "/providers/**", true,
     GW_CALLER_OPENAI, "/x", "p", ""},
    {"native, the name only", GW_METHOD_GET, "/providers/p", "/providers/**", true,
     GW_CALLER_OPENAI, "", "p", ""},
    {"native, the root", GW_METHOD_GET, "/providers/p/", "/providers/**", true, GW_CALLER_OPENAI,
     "/", "p", ""},
    {"native, /v1 twice stays", GW_METHOD_POST, "/providers/p/v1/v1/x", "/providers/**", true,
     GW_CALLER_OPENAI, "/v1/v1/x", "p", ""},
    {"native without a name", GW_METHOD_GET, "/providers/", NOWHERE, false, GW_CALLER_OPENAI, "",
     "", ""},
    {"providers", GW_METHOD_GET, "/providers", NOWHERE, false, GW_CALLER_OPENAI, "", "", ""},

    {"health", GW_METHOD_GET, "/health", "/health", true, GW_CALLER_OPENAI, "", "", ""},
    {"health is not posted", GW_METHOD_POST, "/health", "/health", false, GW_CALLER_OPENAI, "", "",
     ""},
    {"root", GW_METHOD_HEAD, "/", "/", true, GW_CALLER_OPENAI, "", "", ""},
    {"root with a query", GW_METHOD_GET, "/?x", "/", true, GW_CALLER_OPENAI, "", "", "?x"},
    {"the star", GW_METHOD_OPTIONS, "*", NOWHERE, false, GW_CALLER_OPENAI, "", "", ""},
    {"/v1", GW_METHOD_POST, "/v1", NOWHERE, false, GW_CALLER_OPENAI, "", "", ""},
    {"/v1/", GW_METHOD_POST, "/v1/", NOWHERE, false, GW_CALLER_OPENAI, "", "", ""},
    {"part of a path", GW_METHOD_GET, "/healt", NOWHERE, false, GW_CALLER_OPENAI, "", "", ""},
    {"more than a path", GW_METHOD_GET, "/healthy", NOWHERE, false, GW_CALLER_OPENAI, "", "", ""},
    {"case counts", GW_METHOD_GET, "/Health", NOWHERE, false, GW_CALLER_OPENAI, "", "", ""},
    {"escapes are not read", GW_METHOD_GET, "/%68ealth", NOWHERE, false, GW_CALLER_OPENAI, "", "",
     ""},
};

static void check_slice(const char *label, const char *what, struct gw_str got, const char *want)
{
    if (!gw_str_eq(got, gw_str_of(want)))
        fail_msg("%s: %s \"%.*s\"", label, what, GW_STR_ARG(got));
}

static void test_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < GW_COUNT(cases); i++) {
        const char *label = cases[i].label;
        struct gw_route_match match =
            gw_endpoint_match(cases[i].method, gw_str_of(cases[i].target));
        const char *path = match.endpoint ? match.endpoint->path : NULL;
        if ((path == NULL) != (cases[i].path == NULL) || (path && strcmp(path, cases[i].path) != 0))
            fail_msg("%s: %s", label, path ? path : "nowhere");
        if (match.method_allowed != cases[i].allowed || match.caller != cases[i].caller)
            fail_msg("%s: allowed %d, caller %d", label, match.method_allowed, (int)match.caller);
        check_slice(label, "below", match.below, cases[i].below);
        check_slice(label, "name", match.name, cases[i].name);
        check_slice(label, "query", match.query, cases[i].query);
    }
}

/* Every row is reached by a path of its own: none stands in the shadow of another. */
static void test_rows(void **state)
{
    size_t count;
    const struct gw_endpoint *rows = gw_endpoints(&count);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        char path[64] = "";
        for (const char *at = rows[i].path; *at; at++)
            if (*at != '*' || at[1] != '*')
                path[strlen(path)] = *at == '*' ? 'x' : *at;
        struct gw_str methods = gw_str_of(rows[i].methods ? rows[i].methods : "GET"), method;
        while (gw_str_next_item(&methods, &method)) {
            struct gw_route_match match =
                gw_endpoint_match(gw_http1_method_of(method), gw_str_of(path));
            if (match.endpoint != &rows[i] || !match.method_allowed)
                fail_msg("%.*s %s is %s", GW_STR_ARG(method), path,
                         match.endpoint ? match.endpoint->path : "nowhere");
        }
        assert_true(rows[i].dialects != 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
