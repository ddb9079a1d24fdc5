/* SPDX-License-Identifier: Apache-2.0 */
#include "base/nonblock.h"

#include <endian.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/mem.h"

#if defined(__x86_64__)
#define THIS_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define THIS_ARCH AUDIT_ARCH_AARCH64
#elif defined(__arm__) && __BYTE_ORDER == __LITTLE_ENDIAN
#define THIS_ARCH AUDIT_ARCH_ARM
#elif defined(__i386__)
#define THIS_ARCH AUDIT_ARCH_I386
#elif defined(__riscv) && __riscv_xlen == 64
#define THIS_ARCH AUDIT_ARCH_RISCV64
#endif

#ifdef __NR_fcntl64
#define SECOND_NR __NR_fcntl64
#else
#define SECOND_NR __NR_fcntl
#endif

#ifdef THIS_ARCH

/* The lower half of an argument: all of these machines are little-endian. */
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define JUMP(how, k, yes, no) BPF_JUMP(BPF_JMP | (how) | BPF_K, k, yes, no)

int nonblock_keep(int first, int n, struct err *err)
{
	struct sock_filter code[] = {
		LOAD(arch),
		JUMP(BPF_JEQ, THIS_ARCH, 0, 10),
		LOAD(nr),
		JUMP(BPF_JEQ, __NR_fcntl, 1, 0),
		JUMP(BPF_JEQ, SECOND_NR, 0, 7),
		LOAD(args[1]),
		JUMP(BPF_JEQ, F_SETFL, 0, 5),
		LOAD(args[2]),
		JUMP(BPF_JSET, O_NONBLOCK, 3, 0),
		LOAD(args[0]),
		JUMP(BPF_JGE, (unsigned)first, 0, 1),
		JUMP(BPF_JGE, (unsigned)(first + n), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO),
	};
	struct sock_fprog program = {ARRAY_LEN(code), code};

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return err_errno(err, OTA_INCOMPATIBLE, "a filter of system calls");
	return 0;
}

#else

int nonblock_keep(int first, int n, struct err *err)
{
	(void)first, (void)n;
	return err_set(err, OTA_INCOMPATIBLE, "no filter of system calls is known here");
}

#endif
