/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "oci/compose_reader.h"

/* by their numbers */
static const char *const capabilities[COMPOSE_CAPABILITIES] = {"CAP_CHOWN", "CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_SETGID", "CAP_SETUID",
	"CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST",
	"CAP_NET_ADMIN", "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE",
	"CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN",
	"CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD", "CAP_LEASE", "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP",
	"CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE"};

const char *compose_capability_word(unsigned number)
{
	return capabilities[number];
}

int compose_capability(const char *name)
{
	size_t prefix = strlen("CAP_");

	for (int i = 0; i < COMPOSE_CAPABILITIES; i++)
		if (!strcasecmp(name, capabilities[i]) ||
			!strcasecmp(name, capabilities[i] + prefix))
			return i;
	return -1;
}

#define S(name)                                                                                    \
	{                                                                                          \
#name, SIG##name                                                                   \
	}
static const struct {
	const char *name;
	int number;
} signals[] = {S(HUP), S(INT), S(QUIT), S(ILL), S(TRAP), S(ABRT), S(BUS), S(FPE), S(KILL), S(USR1),
	S(SEGV), S(USR2), S(PIPE), S(ALRM), S(TERM), S(CHLD), S(CONT), S(STOP), S(TSTP), S(TTIN),
	S(TTOU), S(URG), S(XCPU), S(XFSZ), S(VTALRM), S(PROF), S(WINCH), S(IO), S(PWR), S(SYS)};

int compose_signal(const char *text)
{
	uint64_t n;

	if (compose_digits(text, SIGRTMAX, &n))
		return (int)n;
	if (!strncmp(text, "SIG", 3))
		text += 3;
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (!strcmp(text, signals[i].name))
			return signals[i].number;
	/* as systemd in a container wants it: SIGRTMIN+3 */
	size_t len = strlen("RTMIN+");
	bool is_real_time = !strncmp(text, "RTMIN+", len) &&
			    compose_digits(text + len, (uint64_t)(SIGRTMAX - SIGRTMIN), &n);
	return is_real_time ? SIGRTMIN + (int)n : 0;
}

bool compose_is_name(const char *text, bool capitals)
{
	for (const char *c = text; *c; c++) {
		bool letter = (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
			      (capitals && *c >= 'A' && *c <= 'Z');

		if (!letter && (c == text || !strchr("_.-", *c)))
			return false;
	}
	return *text && strlen(text) <= 128;
}

const char *const compose_network_words[] = {"private", "host", "none"};
const char *const compose_restart_words[] = {"no", "always", "on-failure", "unless-stopped"};
const char *const compose_strategy_words[] = {
	"download-then-kill", "kill-then-download", "delete-then-download", "hand-over"};
const char *const compose_sharing_words[] = {"none", "socket", "reuseport", "proxy"};

const char *compose_mount_word(enum compose_mount_kind kind)
{
	static const char *const words[] = {"bind", "volume", "tmpfs"};

	return words[kind];
}

const char *compose_protocol_word(enum compose_protocol protocol)
{
	static const char *const words[] = {"tcp", "udp", "unix"};

	return words[protocol];
}

const char *compose_ready_word(enum compose_ready ready)
{
	static const char *const words[] = {
		"unsaid", "file", "notify", "http", "tcp", "exec", "after"};

	return words[ready];
}

const char *compose_network_word(enum compose_network network)
{
	return compose_network_words[network];
}

const char *compose_restart_word(enum compose_restart restart)
{
	return compose_restart_words[restart];
}

const char *compose_strategy_word(enum compose_strategy strategy)
{
	return compose_strategy_words[strategy];
}

const char *compose_sharing_word(enum compose_sharing sharing)
{
	return compose_sharing_words[sharing];
}
