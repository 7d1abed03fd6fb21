/*
 * app/translate: `sluice translate`: one translation without a gateway, from standard input to standard output:
 * how a user reports a bug, and how a test replays one.
 */
#ifndef GW_APP_TRANSLATE_H
#define GW_APP_TRANSLATE_H

/* What `sluice help translate` says of it. */
extern const char gw_translate_usage[], gw_translate_help[];

/* @return the exit status: 0; 1: it could not be translated, which is said on stderr; 2: wrong words */
int gw_translate_main(int argc, char **argv);

#endif
