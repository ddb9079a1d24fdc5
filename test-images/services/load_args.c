/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

static _Noreturn void refuse(const char *what)
{
	fprintf(stderr, "load: not understood: %s\n", what);
	exit(2);
}

static void take_address(const char *text, struct load *load)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&load->to;
	struct sockaddr_un *un = (struct sockaddr_un *)&load->to;
	char host[64] = "";
	unsigned short port;

	if (!strncmp(text, "unix:", 5) && strlen(text + 5) < sizeof(un->sun_path)) {
		un->sun_family = AF_UNIX;
		strcpy(un->sun_path, text + 5);
		load->to_size = sizeof(*un);
		return;
	}
	if (sscanf(text, "%63[0-9.]:%hu", host, &port) != 2 ||
		inet_pton(AF_INET, host, &in->sin_addr) != 1)
		refuse(text);
	in->sin_family = AF_INET;
	in->sin_port = htons(port);
	load->to_size = sizeof(*in);
}

static unsigned long number(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*end || end == text)
		refuse(text);
	return n;
}

void load_parse(int argc, char **argv, struct load *load)
{
	static const struct option words[] = {{"to", 1, NULL, 't'}, {"path", 1, NULL, 'p'},
		{"clients", 1, NULL, 'c'}, {"requests", 1, NULL, 'n'}, {"until", 1, NULL, 'u'},
		{"keep-alive", 0, NULL, 'k'}, {"rate", 1, NULL, 'r'}, {"timeout", 1, NULL, 'T'},
		{0}};
	int word;

	*load = (struct load){.path = "/", .n_clients = 8, .timeout_ms = 5000};
	while ((word = getopt_long(argc, argv, "", words, NULL)) >= 0) {
		switch (word) {
		case 't':
			take_address(optarg, load);
			break;
		case 'p':
			load->path = optarg;
			break;
		case 'c':
			load->n_clients = number(optarg);
			break;
		case 'n':
			load->n_requests = number(optarg);
			break;
		case 'u':
			load->until = optarg;
			break;
		case 'k':
			load->keeps_alive = true;
			break;
		case 'r':
			load->rate = number(optarg);
			break;
		case 'T':
			load->timeout_ms = number(optarg);
			break;
		default:
			exit(2);
		}
	}
	if (!load->to_size || !load->n_clients || load->n_clients > CLIENTS_MAX || optind < argc)
		refuse(optind < argc ? argv[optind] : "--to and --clients");
}
