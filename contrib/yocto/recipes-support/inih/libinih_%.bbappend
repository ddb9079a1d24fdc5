# SPDX-License-Identifier: Apache-2.0
# for ota-native, which makes the releases
BBCLASSEXTEND += "native"
