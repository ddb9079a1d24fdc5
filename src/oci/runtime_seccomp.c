/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/capability.h>
#include <sched.h>

#include "oci/runtime_part.h"

#define C RUNTIME_CAPABILITY

/* The machine's own calls and those of its companions, so that a 32-bit call is no way around. */
static const char *const architectures[] = {
#if defined(__x86_64__)
	"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32",
#elif defined(__i386__)
	"SCMP_ARCH_X86",
#elif defined(__aarch64__)
	"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM",
#elif defined(__arm__)
	"SCMP_ARCH_ARM",
#elif defined(__riscv) && __riscv_xlen == 64
	"SCMP_ARCH_RISCV64",
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	"SCMP_ARCH_PPC64LE",
#elif defined(__mips64) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	"SCMP_ARCH_MIPSEL64", "SCMP_ARCH_MIPSEL64N32", "SCMP_ARCH_MIPSEL",
#elif defined(__mips__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	"SCMP_ARCH_MIPSEL",
#endif
	NULL};

/* What is refused, unless the service adds one of these capabilities. */
static const struct {
	uint64_t lifted_by;
	int error; /* ENOSYS where programs then take an older call */
	const char *names[24];
} refused[] = {
	/* mounts and namespaces */
	{C(CAP_SYS_ADMIN), EPERM,
		{"mount", "umount", "umount2", "pivot_root", "mount_setattr", "move_mount",
			"open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "setns",
			"unshare"}},
	/* its flags lie in memory, where no filter sees them */
	{C(CAP_SYS_ADMIN), ENOSYS, {"clone3"}},
	/* what no namespace covers, or is seldom used and was often broken */
	{C(CAP_SYS_ADMIN), EPERM,
		{"add_key", "keyctl", "request_key", "userfaultfd", "quotactl", "quotactl_fd",
			"swapon", "swapoff", "fanotify_init", "lookup_dcookie", "sethostname",
			"setdomainname", "uselib", "nfsservctl", "_sysctl", "vm86", "vm86old"}},
	{C(CAP_SYS_ADMIN), ENOSYS, {"io_uring_setup", "io_uring_enter", "io_uring_register"}},
	{C(CAP_SYS_ADMIN) | C(CAP_BPF), EPERM, {"bpf"}},
	{C(CAP_SYS_ADMIN) | C(CAP_PERFMON), EPERM, {"perf_event_open"}},
	{C(CAP_SYS_ADMIN) | C(CAP_SYSLOG), EPERM, {"syslog"}},
	{C(CAP_DAC_READ_SEARCH), EPERM, {"open_by_handle_at"}},
	{C(CAP_SYS_MODULE), EPERM,
		{"init_module", "finit_module", "delete_module", "create_module", "query_module",
			"get_kernel_syms"}},
	{C(CAP_SYS_BOOT), EPERM, {"kexec_load", "kexec_file_load", "reboot"}},
	{C(CAP_SYS_PACCT), EPERM, {"acct"}},
	{C(CAP_SYS_PTRACE), EPERM, {"kcmp", "pidfd_getfd", "process_madvise"}},
	{C(CAP_SYS_RAWIO), EPERM, {"iopl", "ioperm"}},
	{C(CAP_SYS_TIME), EPERM, {"settimeofday", "stime", "clock_settime", "clock_settime64"}},
};

static int put_refused(uint64_t capabilities, json_t *calls, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		if (refused[i].lifted_by & capabilities)
			continue;
		json_t *rule = json_make(err, "{s:s, s:i}", "action", "SCMP_ACT_ERRNO", "errnoRet",
			refused[i].error);
		if (json_append(calls, rule, err) < 0 ||
			runtime_put_texts(rule, "names", refused[i].names, err) < 0)
			return -1;
	}
	return 0;
}

/* Threads and forks are made by clone; only a user namespace of its own is refused, since each of
 * the others takes a capability, which it would have in there. */
static int put_clone(uint64_t capabilities, json_t *calls, struct err *err)
{
	const long long flag = CLONE_NEWUSER;
#ifdef __s390__
	const int flags_at = 1;
#else
	const int flags_at = 0;
#endif

	if (capabilities & C(CAP_SYS_ADMIN))
		return 0;
	return json_append(calls,
		json_make(err, "{s:[s], s:s, s:i, s:[{s:i, s:I, s:I, s:s}]}", "names", "clone",
			"action", "SCMP_ACT_ERRNO", "errnoRet", EPERM, "args", "index", flags_at,
			"value", flag, "valueTwo", flag, "op", "SCMP_CMP_MASKED_EQ"),
		err);
}

int runtime_put_seccomp(uint64_t capabilities, json_t *parent, struct err *err)
{
	json_t *seccomp = json_make(err, "{s:s}", "defaultAction", "SCMP_ACT_ALLOW");

	if (json_set(parent, "seccomp", seccomp, err) < 0 ||
		runtime_put_texts(seccomp, "architectures", architectures, err) < 0)
		return -1;
	json_t *calls = runtime_list(seccomp, "syscalls", err);
	if (!calls || put_refused(capabilities, calls, err) < 0)
		return -1;
	return put_clone(capabilities, calls, err);
}
