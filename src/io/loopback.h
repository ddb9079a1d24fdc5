/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting to a service of the network namespace that one is in, by its loopback. */
#ifndef OTA_IO_LOOPBACK_H
#define OTA_IO_LOOPBACK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

union loopback_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* 127.0.0.1 or ::1. Gives its length. */
socklen_t loopback_address(union loopback_address *a, bool is_v6, uint16_t port);

/* A socket (SOCK_STREAM or SOCK_DGRAM) that does not block and is on its way to connect; -1 with
 * errno. Once a stream can be written to, loopback_result() is 0 or the errno of its failure. */
int loopback_connect(int type, const struct sockaddr *to, socklen_t len);
int loopback_result(int fd);

#endif
