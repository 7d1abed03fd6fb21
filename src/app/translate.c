#include "app/translate.h"

#include "codec/translation.h"
#include "config/known_providers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_BYTES_MAX ((size_t)256 << 20)
#define OUTPUT_BYTES_MAX ((size_t)512 << 20)

const char gw_translate_usage[] =
    "sluice translate --from DIALECT --to DIALECT [--model NAME] [--provider NAME]\n"
    "                        [--request FILE] [--response | --stream | --error STATUS]";
const char gw_translate_help[] =
    "Reads standard input, writes standard output; what was lost is told on stderr as\n"
    "x-gateway-warnings has it. DIALECT is chat, resp or anth.\n"
    "Without more a request is translated from the caller's dialect to the provider's.\n"
    "--response, --stream and --error take the provider's answer and write the caller's: it comes "
    "from\n"
    "--to and goes to --from. --request is the caller's request that it answers.\n"
    "--model is sent upstream; --provider (a known name, as mistral) brings its profile.\n";

enum mode { REQUEST, RESPONSE, STREAM, FAILURE };

struct wish {
    const struct gw_codec *from, *to;
    const char *model, *provider, *request;
    enum mode mode;
    unsigned status; /* of FAILURE */
};

static int wrong(const char *what, const char *word)
{
    (void)fprintf(stderr, "sluice: %s%s%s\nusage: %s\n", what, word ? " " : "", word ? word : "",
                  gw_translate_usage);
    return 2;
}

/* @return 0, or the exit status; what is wrong has been said */
static int read_option(struct wish *wish, const char *option, const char *value)
{
    char *end;

    if (strcmp(option, "--from") == 0 || strcmp(option, "--to") == 0) {
        const struct gw_codec *codec = gw_codec_by_name(gw_str_of(value));
        *(option[2] == 'f' ? &wish->from : &wish->to) = codec;
        return codec ? 0 : wrong("a dialect is chat, resp or anth, not", value);
    }
    if (strcmp(option, "--model") == 0) {
        wish->model = value;
    } else if (strcmp(option, "--provider") == 0) {
        wish->provider = value;
    } else if (strcmp(option, "--request") == 0) {
        wish->request = value;
    } else if (strcmp(option, "--error") == 0) {
        unsigned long status = strtoul(value, &end, 10);
        if (*end || status < 300 || status > 599)
            return wrong("no status of an error:", value);
        wish->mode = FAILURE;
        wish->status = (unsigned)status;
    } else {
        return wrong("unexpected", option);
    }
    return 0;
}

static int read_options(struct wish *wish, int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        int status = 0;
        if (strcmp(argv[i], "--response") == 0)
            wish->mode = RESPONSE;
        else if (strcmp(argv[i], "--stream") == 0)
            wish->mode = STREAM;
        else if (i + 1 == argc)
            return wrong("unexpected, or without its value:", argv[i]);
        else
            status = read_option(wish, argv[i], argv[i + 1]), i++;
        if (status)
            return status;
    }
    if (!wish->from || !wish->to)
        return wrong("--from and --to are needed", NULL);
    return 0;
}

static bool read_all(FILE *file, struct gw_buf *into)
{
    char bytes[65536];
    size_t got;

    while ((got = fread(bytes, 1, sizeof bytes, file)) > 0)
        if (gw_buf_add(into, (struct gw_str){bytes, got}) != GW_OK)
            return false;
    return !ferror(file);
}

/* The least request of each dialect: an answer can be shown without the one it belongs to. */
static struct gw_str any_request(const struct gw_codec *codec, enum mode mode)
{
    bool stream = mode == STREAM;

    if (codec->id == GW_CODEC_RESPONSES)
        return stream ? GW_STR("{\"model\":\"m\",\"input\":\"\",\"stream\":true}")
                      : GW_STR("{\"model\":\"m\",\"input\":\"\"}");
    if (codec->id == GW_CODEC_MESSAGES)
        return stream ? GW_STR("{\"model\":\"m\",\"max_tokens\":1,\"stream\":true,\"messages\":[{"
                               "\"role\":\"user\",\"content\":\"x\"}]}")
                      : GW_STR("{\"model\":\"m\",\"max_tokens\":1,\"messages\":[{\"role\":\"user\","
                               "\"content\":\"x\"}]}");
    return stream
               ? GW_STR("{\"model\":\"m\",\"stream\":true,\"stream_options\":{\"include_usage\":"
                        "true},\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}")
               : GW_STR("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");
}

static bool read_request(const struct wish *wish, struct gw_buf *into)
{
    FILE *file = fopen(wish->request, "rb");

    if (!file)
        return false;
    bool good = read_all(file, into);
    (void)fclose(file);
    return good;
}

static int complain(enum gw_status status, const char *code, const char *param, const char *message)
{
    (void)fprintf(stderr, "sluice: %s%s%s%s%s%s\n", param[0] ? param : "", param[0] ? ": " : "",
                  message[0] ? message : gw_status_name(status), code ? " (" : "", code ? code : "",
                  code ? ")" : "");
    return 1;
}

static int tell_failure(struct gw_translation *translation, struct gw_buf *out)
{
    unsigned status = 0;

    gw_buf_take(out, gw_buf_len(out));
    enum gw_status written =
        gw_translation_tell(translation, gw_translation_failure(translation), out, &status);
    (void)fprintf(stderr, "sluice: an error, answered with status %u\n", status);
    return written == GW_OK ? 0 : 1;
}

static int translate_answer(struct gw_translation *translation, const struct wish *wish,
                            struct gw_str input, struct gw_buf *out)
{
    struct gw_err err = {.offset = 0};
    unsigned status_out = 0;
    enum gw_status status = GW_OK;

    switch (wish->mode) {
    case REQUEST:
        break;
    case RESPONSE:
        status = gw_translation_answer(translation, input, false, out, &err);
        break;
    case STREAM:
        status = gw_translation_feed(translation, input, out);
        if (status == GW_OK)
            status = gw_translation_end(translation, out);
        if (status == GW_EOF)
            status = GW_OK;
        break;
    case FAILURE:
        status = gw_translation_error(translation, wish->status, input, out, &status_out);
        (void)fprintf(stderr, "sluice: answered with status %u\n", status_out);
        break;
    }
    if (status == GW_UNSUPPORTED)
        return tell_failure(translation, out);
    return status == GW_OK ? 0 : complain(status, NULL, "", err.message);
}

static int translate(struct gw_translation *translation, const struct wish *wish,
                     struct gw_str request, struct gw_str input, struct gw_buf *out)
{
    struct gw_complaint complaint = {.status = GW_OK};
    struct gw_buf warnings;
    int result = 0;

    enum gw_status status = gw_translation_request(translation, request, out, &complaint);
    if (status != GW_OK)
        return complain(status, complaint.code, complaint.param, complaint.message);
    if (wish->mode != REQUEST) {
        gw_buf_take(out, gw_buf_len(out));
        result = translate_answer(translation, wish, input, out);
    }
    gw_buf_init(&warnings, 65536);
    if (gw_ledger_write(gw_translation_ledger(translation), &warnings) == GW_OK &&
        gw_buf_len(&warnings))
        (void)fprintf(stderr, "x-gateway-warnings: %.*s\n", GW_STR_ARG(gw_buf_str(&warnings)));
    gw_buf_finish(&warnings);
    return result;
}

static int run(const struct wish *wish, struct gw_str request, struct gw_str input,
               struct gw_buf *out)
{
    struct gw_arena arena;
    struct gw_str model = gw_str_of(wish->model ? wish->model : "model");
    struct gw_str provider = gw_str_of(wish->provider ? wish->provider : "");
    const struct gw_translation_setup setup = {
        .caller = wish->from,
        .upstream = wish->to,
        .target = {.profile = gw_profile_of(provider),
                   .claude = wish->to->id == GW_CODEC_MESSAGES ? gw_claude_limits_of(model, NULL, 0)
                                                               : NULL,
                   .model = model},
        /* The same input gives the same output: ids and moments are made of nothing. */
        .seed = GW_STR("sluice-translate"),
        .request_id = GW_STR("req_translate"),
    };

    gw_arena_init(&arena, NULL);
    struct gw_translation *translation = gw_translation_create(&arena, &setup);
    int result = translation ? translate(translation, wish, request, input, out)
                             : complain(GW_NO_MEMORY, NULL, "", "out of memory");
    gw_translation_finish(translation);
    gw_arena_finish(&arena);
    return result;
}

int gw_translate_main(int argc, char **argv)
{
    struct wish wish = {.mode = REQUEST};
    struct gw_buf input, request, out;
    int result = read_options(&wish, argc, argv);

    if (result)
        return result;
    gw_buf_init(&input, INPUT_BYTES_MAX);
    gw_buf_init(&request, INPUT_BYTES_MAX);
    gw_buf_init(&out, OUTPUT_BYTES_MAX);
    if (!read_all(stdin, &input)) {
        result = complain(GW_IO, NULL, "", "could not read standard input");
    } else if (wish.request && !read_request(&wish, &request)) {
        result = complain(GW_IO, NULL, wish.request, "could not read it");
    } else {
        struct gw_str body = wish.mode == REQUEST ? gw_buf_str(&input)
                             : wish.request       ? gw_buf_str(&request)
                                                  : any_request(wish.from, wish.mode);
        result = run(&wish, body, gw_buf_str(&input), &out);
        (void)fwrite(gw_buf_str(&out).base, 1, gw_buf_len(&out), stdout);
        if (wish.mode != STREAM && gw_buf_len(&out))
            (void)fputc('\n', stdout);
    }
    gw_buf_finish(&input);
    gw_buf_finish(&request);
    gw_buf_finish(&out);
    return result;
}
