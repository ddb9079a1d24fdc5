# SPDX-License-Identifier: Apache-2.0
# Made from the command table by `make docs`.
complete -c ota  -l config -d 'read this in place of the ota.conf of the system' -r -F
complete -c ota  -l root -d 'put DIR before every path of the configuration or a default' -r -F
complete -c ota  -l json -d 'print one JSON object, also for an error'
complete -c ota  -l progress -d 'how to show progress' -x -a 'auto bar lines json none'
complete -c ota  -l quiet -d 'print errors and data only' -s q
complete -c ota  -l verbose -d 'say more about what is done' -s v
complete -c ota  -l help -d 'show this help' -s h
complete -c ota  -l version -d 'show the version of ota'
complete -c ota -n __fish_use_subcommand -f -a check -d 'is there a newer release, and is it this device'\''s turn?'
complete -c ota -n '__fish_seen_subcommand_from check' -l retry -d 'also a release that failed on this device before'
complete -c ota -n '__fish_seen_subcommand_from check' -l downgrade -d 'also a lower version; never a lower epoch'
complete -c ota -n '__fish_seen_subcommand_from check' -l jitter -d 'before asking, wait this device'\''s share of TIME' -x
complete -c ota -n __fish_use_subcommand -f -a fetch -d 'bring a release into the store, verified and resumable'
complete -c ota -n '__fish_seen_subcommand_from fetch' -l budget -d 'the most bytes to take from the network, as in 20M' -x
complete -c ota -n '__fish_seen_subcommand_from fetch' -l limit-rate -d 'the most bytes a second, as in 200K' -x
complete -c ota -n '__fish_seen_subcommand_from fetch' -l max-time -d 'the longest to use the network, as in 20min; then the status is 10' -x
complete -c ota -n '__fish_seen_subcommand_from fetch' -l plan -d 'tell what would be transferred, and from where, and change nothing'
complete -c ota -n '__fish_seen_subcommand_from fetch' -l retry -d 'also a release that failed on this device before'
complete -c ota -n '__fish_seen_subcommand_from fetch' -l downgrade -d 'also a lower version; never a lower epoch'
complete -c ota -n __fish_use_subcommand -f -a write -d 'write the release into the slot that does not run, and read it back'
complete -c ota -n '__fish_seen_subcommand_from write' -l slot -d 'write this slot; the running one need not be known' -x -a 'a b'
complete -c ota -n '__fish_seen_subcommand_from write' -l max-time -d 'the longest to use the network, as in 20min; then the status is 10' -x
complete -c ota -n '__fish_seen_subcommand_from write' -l retry -d 'also a release that failed on this device before'
complete -c ota -n '__fish_seen_subcommand_from write' -l downgrade -d 'also a lower version; never a lower epoch'
complete -c ota -n __fish_use_subcommand -f -a bootfiles -d 'copy the written slot'\''s boot files to the boot partition'
complete -c ota -n '__fish_seen_subcommand_from bootfiles' -l slot -d 'of this slot; the running one need not be known' -x -a 'a b'
complete -c ota -n __fish_use_subcommand -f -a bootswap -d 'make the written slot the next to boot, on trial'
complete -c ota -n '__fish_seen_subcommand_from bootswap' -l factory -d 'make the boot environment, with the slot of --slot good: no trial'
complete -c ota -n '__fish_seen_subcommand_from bootswap' -l slot -d 'with --factory: the slot' -x -a 'a b'
complete -c ota -n '__fish_seen_subcommand_from bootswap' -l defaults -d 'with --factory: the variables of a new environment' -r -F
complete -c ota -n '__fish_seen_subcommand_from bootswap' -l force -d 'also while '\''ota lock'\'' holds updates back'
complete -c ota -n __fish_use_subcommand -f -a commit -d 'on trial: run the self-tests, then keep this slot'
complete -c ota -n '__fish_seen_subcommand_from commit' -l no-checks -d 'keep it without running the self-tests'
complete -c ota -n __fish_use_subcommand -f -a rollback -d 'go back to the other slot'
complete -c ota -n '__fish_seen_subcommand_from rollback' -l reason -d 'why, for '\''ota status'\'' to tell' -x
complete -c ota -n '__fish_seen_subcommand_from rollback' -l force -d 'also while '\''ota lock'\'' holds updates back'
complete -c ota -n __fish_use_subcommand -f -a status -d 'slots, versions, what boots next and why; changes nothing'
complete -c ota -n __fish_use_subcommand -f -a watchdog -d 'pet the hardware watchdog while the trial lasts'
complete -c ota -n '__fish_seen_subcommand_from watchdog' -l deadline -d 'pet so long without a commit, as in 10min' -x
complete -c ota -n __fish_use_subcommand -f -a lock -d 'hold updates back while COMMAND runs'
complete -c ota -n '__fish_seen_subcommand_from lock' -l wait -d 'wait so long for another holder, as in 30s' -x
complete -c ota -n __fish_use_subcommand -f -a container-check -d 'check the compose file, and tell how it is understood'
complete -c ota -n __fish_use_subcommand -f -a container-pull -d 'bring container images into the store, verified and durable'
complete -c ota -n '__fish_seen_subcommand_from container-pull' -l name -d 'what the image goes by in the store, in place of its source'\''s name' -x
complete -c ota -n '__fish_seen_subcommand_from container-pull' -l budget -d 'the most bytes of layers to take from the network, as in 20M' -x
complete -c ota -n '__fish_seen_subcommand_from container-pull' -l limit-rate -d 'the most bytes a second, as in 200K' -x
complete -c ota -n '__fish_seen_subcommand_from container-pull' -l max-time -d 'the longest to use the network, as in 20min; then the status is 10' -x
complete -c ota -n __fish_use_subcommand -f -a container-list -d 'list the images in the store, and the services'
complete -c ota -n __fish_use_subcommand -f -a container-verify -d 'prove the images in the store, file by file'
complete -c ota -n '__fish_seen_subcommand_from container-verify' -l repair -d 'bring what is damaged again, and only that, from where the image came'
complete -c ota -n __fish_use_subcommand -f -a container-rm -d 'remove images, and the layers that only they needed'
complete -c ota -n __fish_use_subcommand -f -a container-gc -d 'remove the layers that no image needs'
complete -c ota -n __fish_use_subcommand -f -a container-run -d 'supervise a service in the foreground, as init systems start it'
complete -c ota -n __fish_use_subcommand -f -a container-handover -d 'move a service to its next version'
complete -c ota -n '__fish_seen_subcommand_from container-handover' -l strategy -d 'in place of the one in the compose file' -x -a 'download-then-kill kill-then-download delete-then-download hand-over'
complete -c ota -n '__fish_seen_subcommand_from container-handover' -l on-timeout -d 'a version that is not ready in time: keep the old one, or not' -x -a 'abort proceed'
complete -c ota -n '__fish_seen_subcommand_from container-handover' -l no-rollback -d 'keep no version to go back to'
complete -c ota -n '__fish_seen_subcommand_from container-handover' -l force -d 'also while something holds updates back'
complete -c ota -n '__fish_seen_subcommand_from container-handover' -l retry -d 'also to a version that has failed here'
complete -c ota -n __fish_use_subcommand -f -a container-rollback -d 'move a service back to the version before, without the network'
complete -c ota -n '__fish_seen_subcommand_from container-rollback' -l strategy -d 'in place of the one in the compose file' -x -a 'download-then-kill kill-then-download delete-then-download hand-over'
complete -c ota -n '__fish_seen_subcommand_from container-rollback' -l force -d 'also while something holds updates back'
complete -c ota -n __fish_use_subcommand -f -a container-stop -d 'stop a service, and end its supervisor'
complete -c ota -n '__fish_seen_subcommand_from container-stop' -l force -d 'also while something holds updates back'
complete -c ota -n __fish_use_subcommand -f -a keygen -d 'make a signing key: NAME.key and NAME.pub'
complete -c ota -n __fish_use_subcommand -f -a pack -d 'make a release of a root file system or a container image'
complete -c ota -n '__fish_seen_subcommand_from pack' -l rootfs -d 'the root file system: ext4, squashfs, erofs, any bytes' -r -F
complete -c ota -n '__fish_seen_subcommand_from pack' -l from -d 'make the root file system of this container image; for root' -x
complete -c ota -n '__fish_seen_subcommand_from pack' -l fs -d 'the file system to make of it' -x -a 'ext4 erofs'
complete -c ota -n '__fish_seen_subcommand_from pack' -l fs-size -d 'how large an ext4 becomes; without it, as large as it must be' -x
complete -c ota -n '__fish_seen_subcommand_from pack' -l boot -d 'boot files that the release carries, where they are not in the image' -r -F
complete -c ota -n '__fish_seen_subcommand_from pack' -l compatible -d 'the hardware that it is for' -x
complete -c ota -n '__fish_seen_subcommand_from pack' -l version -d 'the version of the release' -x
complete -c ota -n '__fish_seen_subcommand_from pack' -l output -d 'the OCI layout to put it in, created if missing' -s o -r -F
complete -c ota -n '__fish_seen_subcommand_from pack' -l delta-from -d 'add a delta from this release, LAYOUT[:TAG] or another source; may be given again' -r -F
complete -c ota -n '__fish_seen_subcommand_from pack' -l epoch -d 'refuse to go back below this, once committed' -x
complete -c ota -n '__fish_seen_subcommand_from pack' -l expires -d 'the last moment to install it, as in 2030-12-31' -x
complete -c ota -n '__fish_seen_subcommand_from pack' -l channel -d 'the channel that it is for' -x
complete -c ota -n '__fish_seen_subcommand_from pack' -l phase -d 'how many of the devices may have it, 0 to 100' -x
complete -c ota -n '__fish_seen_subcommand_from pack' -l level -d 'zstd level, 1 to 19' -x
complete -c ota -n '__fish_seen_subcommand_from pack' -l frame-size -d 'raw bytes in a frame: 256K, 512K or 1M' -x
complete -c ota -n '__fish_seen_subcommand_from pack' -l no-reuse -d 'leave out the layers that spare a device what it has'
complete -c ota -n __fish_use_subcommand -f -a delta -d 'add a delta to a release, so that devices transfer less'
complete -c ota -n '__fish_seen_subcommand_from delta' -l from -d 'the release that devices have: LAYOUT[:TAG] or any other source' -r -F
complete -c ota -n '__fish_seen_subcommand_from delta' -l to -d 'the release that they are to get' -r -F
complete -c ota -n '__fish_seen_subcommand_from delta' -l output -d 'the OCI layout that holds that release, where --to is not a layout' -s o -r -F
complete -c ota -n '__fish_seen_subcommand_from delta' -l level -d 'zstd level, 1 to 19' -x
complete -c ota -n __fish_use_subcommand -f -a sign -d 'sign a release and its deltas; other keys add more signers'
complete -c ota -n '__fish_seen_subcommand_from sign' -l key -d 'the private key, PEM: Ed25519, ECDSA P-256 or RSA' -r -F
complete -c ota -n __fish_use_subcommand -f -a push -d 'copy a release to a registry, with its signatures and deltas'
complete -c ota -n '__fish_seen_subcommand_from push' -l insecure-http -d 'a host that may be spoken to without TLS' -x
complete -c ota -n '__fish_seen_subcommand_from push' -l ca-file -d 'the certificates, PEM, that the registry is checked against' -r -F
complete -c ota -n '__fish_seen_subcommand_from push' -l auth-file -d 'user and password, in the form of ~/.docker/config.json' -r -F
complete -c ota -n __fish_use_subcommand -f -a inspect -d 'what is in a release or container image, who signed it, is it sound'
complete -c ota -n '__fish_seen_subcommand_from inspect' -l trust -d 'name the signers by the public keys (*.pub) in this folder' -r -F
complete -c ota-check -w 'ota check'
complete -c ota-fetch -w 'ota fetch'
complete -c ota-write -w 'ota write'
complete -c ota-bootfiles -w 'ota bootfiles'
complete -c ota-bootswap -w 'ota bootswap'
complete -c ota-commit -w 'ota commit'
complete -c ota-rollback -w 'ota rollback'
complete -c ota-status -w 'ota status'
complete -c ota-watchdog -w 'ota watchdog'
complete -c ota-lock -w 'ota lock'
complete -c ota-container-check -w 'ota container-check'
complete -c ota-container-pull -w 'ota container-pull'
complete -c ota-container-list -w 'ota container-list'
complete -c ota-container-verify -w 'ota container-verify'
complete -c ota-container-rm -w 'ota container-rm'
complete -c ota-container-gc -w 'ota container-gc'
complete -c ota-container-run -w 'ota container-run'
complete -c ota-container-handover -w 'ota container-handover'
complete -c ota-container-rollback -w 'ota container-rollback'
complete -c ota-container-stop -w 'ota container-stop'
complete -c ota-keygen -w 'ota keygen'
complete -c ota-pack -w 'ota pack'
complete -c ota-delta -w 'ota delta'
complete -c ota-sign -w 'ota sign'
complete -c ota-push -w 'ota push'
complete -c ota-inspect -w 'ota inspect'
