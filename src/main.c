/*
 * sluice: the command line; short enough to be a table of contents.
 */
/*~ The tour of the code begins here. `serve` makes a gw_app (app/app.c): it loads the configuration
 * (config/), starts a worker for each core (io/worker, gateway/gateway), and waits for signals.
 * What a worker does with a request begins in gateway/exchange.h. */
#include "app/app.h"
#include "app/explain.h"
#include "app/translate.h"
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PATH "config/gateway.toml"

struct arguments {
    const char *config;   /* -c */
    const char *endpoint; /* -e */
    const char *operand;
    bool json; /* --json */
};

static int run_serve(const struct arguments *arguments);
static int run_check(const struct arguments *arguments);
static int run_explain(const struct arguments *arguments);
static int run_version(const struct arguments *arguments);
static int run_help(const struct arguments *arguments);

static const struct command {
    const char *name, *options, *operand, *summary, *help;
    int (*run)(const struct arguments *arguments);
    bool json;
} commands[] = {
    {"serve", "c", NULL, "run the gateway (what `sluice` alone does)",
     "Signals: SIGTERM or SIGINT finishes what is under way and ends, a second SIGINT ends at "
     "once,\n"
     "SIGHUP loads the configuration anew, SIGUSR1 reopens the access log.\n",
     run_serve, false},
    {"check", "c", NULL, "report all problems and warnings of the configuration",
     "Exit status 0 when it could be served, 1 otherwise.\n", run_check, false},
    {"explain", "ce", "MODEL", "show how a model is resolved and what would be tried",
     "-e ENDPOINT is one of chat (default), embeddings, audio_speech, audio_transcription,\n"
     "image_generation, rerank. --json writes one JSON object. The health of targets is what a\n"
     "gateway tells that runs with this file, asked at its [admin] address.\n",
     run_explain, true},
    {"translate", "", NULL, "translate a request or an answer between dialects, offline",
     gw_translate_help, NULL, false},
    {"version", "", NULL, "print the version", "", run_version, false},
    {"help", "", "[COMMAND]", "print this, or more about a command", "", run_help, false},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static void print_usage(FILE *to, const struct command *command)
{
    if (!command->run) {
        (void)fprintf(to, "usage: %s\n", gw_translate_usage);
        return;
    }
    (void)fprintf(to, "usage: sluice %s%s%s%s%s%s\n", command->name,
                  strchr(command->options, 'c') ? " [-c FILE]" : "",
                  strchr(command->options, 'e') ? " [-e ENDPOINT]" : "",
                  command->json ? " [--json]" : "", command->operand ? " " : "",
                  command->operand ? command->operand : "");
}

static int run_help(const struct arguments *arguments)
{
    const struct command *command = arguments->operand ? find_command(arguments->operand) : NULL;

    if (arguments->operand && !command) {
        (void)fprintf(stderr, "sluice: no command \"%s\"; see `sluice help`\n", arguments->operand);
        return 2;
    }
    if (command) {
        print_usage(stdout, command);
        (void)printf("\n%s.\n%s", command->summary, command->help);
        return 0;
    }
    (void)printf("sluice %s: an AI gateway\n\nusage: sluice [COMMAND] [-c FILE]\n\n", GW_VERSION);
    for (size_t i = 0; i < COMMANDS; i++)
        (void)printf("  %-9s %s\n", commands[i].name, commands[i].summary);
    (void)printf("\nThe configuration is %s, unless -c or $GATEWAY_CONFIG names another file.\n",
                 DEFAULT_PATH);
    return 0;
}

static int run_version(const struct arguments *arguments)
{
    (void)arguments;
    (void)printf("sluice %s\n", GW_VERSION);
    return 0;
}

static int run_serve(const struct arguments *arguments)
{
    struct gw_app *app;
    struct gw_err err;

    if (gw_app_create(arguments->config, &app, &err) != GW_OK) {
        (void)fprintf(stderr, "sluice: %s\n", err.message);
        return 1;
    }
    gw_app_run(app);
    gw_app_destroy(app);
    return 0;
}

/* NULL when it has errors. @param problems  initialised here, finished by the caller */
static struct gw_config *load(const char *path, enum gw_config_use use,
                              struct gw_problems *problems)
{
    struct gw_config *config = NULL;

    gw_problems_init(problems);
    return gw_config_load(path, use, problems, &config) == GW_OK ? config : NULL;
}

static void print_problems(const struct gw_problems *problems, FILE *to)
{
    struct gw_buf text;

    gw_buf_init(&text, (size_t)4 << 20);
    if (gw_problems_print(problems, &text) == GW_OK && gw_buf_len(&text))
        (void)fwrite(text.base, 1, gw_buf_len(&text), to);
    gw_buf_finish(&text);
}

static int run_check(const struct arguments *arguments)
{
    struct gw_problems problems;
    struct gw_config *config = load(arguments->config, GW_CONFIG_TO_SERVE, &problems);
    unsigned warnings = problems.warnings;

    print_problems(&problems, stdout);
    gw_problems_finish(&problems);
    if (!config)
        return 1;
    (void)printf("%s: ok, %u warning%s\n", arguments->config, warnings, warnings == 1 ? "" : "s");
    gw_config_release(config);
    return 0;
}

/* Writes it to stdout. The gateway is asked where there are targets only. */
static enum gw_status print_explanation(const struct gw_explanation *explanation, bool json,
                                        struct gw_err *err)
{
    struct gw_explain_health health = {.reason = ""};
    struct gw_buf text;

    gw_buf_init(&text, (size_t)64 << 20);
    if (explanation->found.route)
        gw_explain_health_ask_for(explanation->config, &health);
    enum gw_status status = json ? gw_explain_json(explanation, &health, &text)
                                 : gw_explain_text(explanation, &health, &text);
    if (status == GW_OK)
        (void)fwrite(text.base, 1, gw_buf_len(&text), stdout);
    else
        gw_err_set(err, status, "could not write the explanation: %s", gw_status_name(status));
    gw_explain_health_finish(&health);
    gw_buf_finish(&text);
    return status;
}

static int run_explain(const struct arguments *arguments)
{
    struct gw_explanation explanation;
    struct gw_problems problems;
    enum gw_status status = GW_INVALID;
    struct gw_err err;

    if (!arguments->operand) {
        print_usage(stderr, find_command("explain"));
        return 2;
    }
    struct gw_config *config = load(arguments->config, GW_CONFIG_TO_EXPLAIN, &problems);
    if (config)
        status = gw_explain(config, gw_str_of(arguments->endpoint), gw_str_of(arguments->operand),
                            &explanation, &err);
    if (status == GW_OK) /* else any of them may be why */
        gw_explain_problems(&explanation, &problems);
    print_problems(&problems, stderr);
    gw_problems_finish(&problems);
    if (!config)
        return 1;
    if (status == GW_OK)
        status = print_explanation(&explanation, arguments->json, &err);
    if (status != GW_OK)
        (void)fprintf(stderr, "sluice: %s\n", err.message);
    gw_config_release(config);
    return status == GW_OK ? 0 : 1;
}

/* @return false when the words are off; said on stderr */
static bool parse(int argc, char **argv, const struct command *command, struct arguments *arguments)
{
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        bool option = word[0] == '-' && word[1] && !word[2];
        if (option && strchr(command->options, word[1])) {
            if (++i == argc) {
                (void)fprintf(stderr, "sluice: %s needs a value\n", word);
                return false;
            }
            *(word[1] == 'c' ? &arguments->config : &arguments->endpoint) = argv[i];
        } else if (command->json && strcmp(word, "--json") == 0) {
            arguments->json = true;
        } else if (word[0] != '-' && command->operand && !arguments->operand) {
            arguments->operand = word;
        } else {
            (void)fprintf(stderr, "sluice: unexpected \"%s\"\n", word);
            print_usage(stderr, command);
            return false;
        }
    }
    return true;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
    const char *environment = getenv("GATEWAY_CONFIG");
    struct arguments arguments = {.config =
                                      environment && *environment ? environment : DEFAULT_PATH};
    const struct command *command = &commands[0];
    int from = 1;

    if (argc > 1 && asks_for_help(argv[1])) {
        return run_help(&arguments);
    } else if (argc > 1 && strcmp(argv[1], "--version") == 0) {
        return run_version(&arguments);
    } else if (argc > 1 && argv[1][0] != '-') {
        command = find_command(argv[1]);
        from = 2;
    }
    if (!command) {
        (void)fprintf(stderr, "sluice: no command \"%s\"; see `sluice help`\n", argv[1]);
        return 2;
    }
    if (argc > from && asks_for_help(argv[from])) {
        arguments.operand = command->name;
        return run_help(&arguments);
    }
    if (!command->run) /* it reads its words itself */
        return gw_translate_main(argc - from, argv + from);
    if (!parse(argc - from, argv + from, command, &arguments))
        return 2;
    return command->run(&arguments);
}
