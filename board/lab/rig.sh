# A rig of handsets for demonstrations and tests, to be sourced by bash. Needs root.
#
# A handset is a network namespace with a message bus and a ModemManager of its own, which believes in the USB modem that
# handset.umockdev describes. The QMI side is whoever owns the abstract socket `qmi-proxy` in that namespace: start it with
# `rig_spawn` before or after the handset. Nothing outside the namespaces and the directory given is touched.
#
#   . board/lab/rig.sh
#   trap rig_end EXIT
#   rig_begin /tmp/rig
#   rig_namespace alice
#   rig_spawn alice alice-shuntd shuntd --config ...
#   rig_handset alice
#   rig_wait_enabled alice 30
#   rig_mmcli alice -m any --messaging-list-sms
#
# A function that fails says why on standard error and returns non-zero. Those that start something must not run in a subshell, which
# could not tell this one what it started. All work under `set -euo pipefail`.

rig_library=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rig_directory=
rig_tags=()
rig_namespaces=()
rig_disks=()
rig_links=0
declare -A rig_pids=()

# rig_begin DIRECTORY: where logs, buses and pid files go. It is made, and kept at the end for its logs.
rig_begin() {
  if [ "$(id -u)" != 0 ]; then
    echo "rig: network namespaces need root" >&2
    return 1
  fi
  mkdir -p "$1" && rig_directory=$(cd "$1" && pwd)
}

# rig_namespace NAME: makes the namespace `shunt-NAME-PID` with a loopback device, unless this rig has it.
rig_namespace() {
  local namespace
  namespace=$(rig_namespace_of "$1")
  [ -e "/run/netns/$namespace" ] && return 0
  ip netns add "$namespace" || return 1
  rig_namespaces+=("$namespace")
  ip -n "$namespace" link set lo up
}

# rig_namespace_of NAME: prints the namespace's name.
rig_namespace_of() { echo "shunt-$1-$$"; }

# rig_exec NAME COMMAND...: runs a command in the handset's namespace, on its bus, in the foreground.
rig_exec() {
  local bus="unix:path=$rig_directory/$1.bus" namespace="/run/netns/shunt-$1-$$"
  shift
  # mmcli takes arguments in the locale's encoding. Bash 5.2 takes a signal that comes during assignments before a command for a syntax
  # error; so they are env's.
  env LC_ALL=C.UTF-8 DBUS_SYSTEM_BUS_ADDRESS="$bus" DBUS_SESSION_BUS_ADDRESS="$bus" nsenter --net="$namespace" -- "$@"
}

# rig_bus NAME: prints the address of the handset's message bus.
rig_bus() { echo "unix:path=$rig_directory/$1.bus"; }

# rig_spawn NAME TAG COMMAND...: runs a command as rig_exec does, in the background. Output goes to the end of DIRECTORY/TAG.log.
# NAME may be `-` for a process outside all namespaces.
rig_spawn() {
  local name=$1 tag=$2
  shift 2
  if [ "$name" = - ]; then
    "$@" >>"$rig_directory/$tag.log" 2>&1 </dev/null &
  else
    # The shell's own process becomes the command: its pid is the one to end.
    (DBUS_SYSTEM_BUS_ADDRESS=$(rig_bus "$name") DBUS_SESSION_BUS_ADDRESS=$(rig_bus "$name") \
      exec nsenter --net="/run/netns/$(rig_namespace_of "$name")" -- "$@") >>"$rig_directory/$tag.log" 2>&1 </dev/null &
  fi
  rig_pids[$tag]=$!
  rig_tags+=("$tag")
}

# rig_pid TAG: prints the pid of a process started by rig_spawn.
rig_pid() { echo "${rig_pids[$1]}"; }

# rig_is_running TAG
rig_is_running() { [ -n "${rig_pids[$1]:-}" ] && kill -0 "${rig_pids[$1]}" 2>/dev/null; }

# rig_stop TAG [SIGNAL]: ends a process started by rig_spawn and waits until it is gone; after ten seconds it is killed.
rig_stop() {
  local tag=$1 signal=${2:-TERM} pid=${rig_pids[$1]:-} tries=0 target
  [ -n "$pid" ] || return 0
  # What runs below umockdev-run is told to end; umockdev-run then ends by itself and clears its device tree away.
  target=$pid
  [ -s "$rig_directory/$tag.pid" ] && target=$(cat "$rig_directory/$tag.pid")
  kill -"$signal" "$target" 2>/dev/null || :
  while kill -0 "$pid" 2>/dev/null; do
    tries=$((tries + 1))
    if [ "$tries" -ge 100 ]; then
      echo "rig: $tag did not end, killing it" >&2
      kill -KILL "$target" "$pid" 2>/dev/null || :
      break
    fi
    sleep 0.1
  done
  wait "$pid" 2>/dev/null || :
  rm -f "$rig_directory/$tag.pid"
  unset "rig_pids[$tag]"
  return 0
}

# rig_hub NAME: makes a namespace with the address 198.18.0.1, unless this rig has it.
rig_hub() {
  local namespace
  namespace=$(rig_namespace_of "$1")
  [ -e "/run/netns/$namespace" ] && return 0
  rig_namespace "$1" && ip -n "$namespace" address add 198.18.0.1/32 dev lo
}

# rig_connect NAME HUB: a network between the namespace and the hub's, which is reached by the default route. Both are made when they are not
# there. The hub does not route between those that are connected to it.
rig_connect() {
  local name=$1 hub=$2 near far number
  rig_hub "$hub" && rig_namespace "$name" || return 1
  near=$(rig_namespace_of "$name")
  far=$(rig_namespace_of "$hub")
  number=$((rig_links += 1))
  ip -n "$far" link add "link$number" type veth peer name uplink netns "$near" || return 1
  ip -n "$far" address add "198.18.$number.1/30" dev "link$number"
  ip -n "$far" link set "link$number" up
  ip -n "$near" address add "198.18.$number.2/30" dev uplink
  ip -n "$near" link set uplink up
  ip -n "$near" route add default via "198.18.$number.1"
}

# rig_handset NAME [DEVICE]: starts the handset's message bus and its ModemManager, as NAME-bus and NAME-modemmanager.
rig_handset() { rig_message_bus "$1" && rig_modemmanager "$@"; }

# rig_message_bus NAME: starts the handset's message bus, for what has to be on it before ModemManager.
rig_message_bus() {
  local name=$1
  rig_namespace "$name" || return 1
  rm -f "$rig_directory/$name.bus"
  cat >"$rig_directory/$name-bus.conf" <<END
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>$(rig_bus "$name")</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
END
  rig_spawn "$name" "$name-bus" dbus-daemon --nofork --config-file="$rig_directory/$name-bus.conf"
  rig_wait_for 10 "the message bus of $name" test -S "$rig_directory/$name.bus"
}

# rig_modemmanager NAME [DEVICE]: starts the handset's ModemManager on the bus that is there. With DEVICE, the path of a virtual modem,
# /dev/cdc-wdm0 is that modem for ModemManager and what it starts: where nobody owns `qmi-proxy`, libqmi starts the stock proxy.
rig_modemmanager() {
  # umockdev's device tree is made in TMPDIR, and stays there when umockdev-run is killed. Its preloaded library has a short buffer for the
  # target of a device's link, so that it must be the terminal itself.
  TMPDIR=$rig_directory rig_spawn "$1" "$1-modemmanager" umockdev-run -d "$rig_library/handset.umockdev" -- sh -c '
    echo $$ >"$1"
    [ -z "$2" ] || ln -sfn "$(readlink -f "$2")" "$UMOCKDEV_DIR/dev/cdc-wdm0"
    exec /usr/sbin/ModemManager --test-session --debug' sh "$rig_directory/$1-modemmanager.pid" "${2-}"
}

# rig_wait_for SECONDS WHAT COMMAND...: runs the command until it succeeds, five times a second.
rig_wait_for() {
  local tries=$(($1 * 5)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    tries=$((tries - 1))
    if [ "$tries" -le 0 ]; then
      echo "rig: waited in vain for $what" >&2
      return 1
    fi
    sleep 0.2
  done
}

# rig_mmcli NAME ARGUMENTS...: mmcli on the handset's bus.
rig_mmcli() {
  local name=$1
  shift
  rig_exec "$name" mmcli "$@"
}

# rig_qmicli NAME ARGUMENTS...: qmicli through the proxy, for the device that ModemManager uses. umockdev makes it exist for qmicli, which
# cannot tell its protocol there and warns of that.
rig_qmicli() {
  local name=$1
  shift
  TMPDIR=$rig_directory rig_exec "$name" umockdev-run -d "$rig_library/handset.umockdev" -- qmicli -p --device-open-qmi -d /dev/cdc-wdm0 "$@"
}

# rig_modem_state NAME: prints ModemManager's state of the modem, such as `registered`; nothing when there is no modem.
rig_modem_state() { rig_mmcli "$1" -m any -K 2>/dev/null | sed -n 's/^modem\.generic\.state *: *//p'; }

# rig_has_state NAME STATE
rig_has_state() { [ "$(rig_modem_state "$1")" = "$2" ]; }

# rig_wait_enabled NAME SECONDS: waits until ModemManager has found the modem, enables it, and waits until it is registered.
rig_wait_enabled() {
  rig_wait_for "$2" "ModemManager of $1 to find the modem" rig_mmcli "$1" -m any || return 1
  rig_wait_for "$2" "ModemManager of $1 to enable the modem" rig_mmcli "$1" -m any -e || return 1
  rig_wait_for "$2" "the modem of $1 to register" rig_has_state "$1" registered
}

# rig_send NAME NUMBER TEXT: sends a text with mmcli and prints the message's object path. The text may contain quotes of one kind.
rig_send() {
  local path
  path=$(rig_create "$@") || return 1
  rig_mmcli "$1" -s "$path" --send >/dev/null || return 1
  echo "$path"
}

# rig_create NAME NUMBER TEXT: makes a message without sending it, and prints its object path.
rig_create() {
  local output quote="'"
  case $3 in *\'*) quote='"' ;; esac
  output=$(rig_mmcli "$1" -m any --messaging-create-sms="number=$quote$2$quote,text=$quote$3$quote") || return 1
  echo "$output" | grep -o '/org/freedesktop/ModemManager1/SMS/[0-9]*'
}

# rig_messages NAME STATE: prints the object paths of the messages that mmcli lists as STATE (received, sent, stored, receiving).
rig_messages() {
  rig_mmcli "$1" -m any --messaging-list-sms | sed -n "s|^ *\\(/[^ ]*\\) ($2)\$|\\1|p"
}

# rig_text NAME PATH: prints a message's text; mmcli writes all but ASCII as octal escapes.
rig_text() { printf '%b\n' "$(rig_mmcli "$1" -s "$2" -K | sed -n 's/^sms\.content\.text *: *//p')"; }

# rig_number NAME PATH: prints the number a message came from or goes to.
rig_number() { rig_mmcli "$1" -s "$2" -K | sed -n 's/^sms\.content\.number *: *//p'; }

# rig_disk DIRECTORY SIZE: puts a file system of its own there, private and soon full. rig_end takes it away.
rig_disk() {
  mkdir -p "$1" && mount -t tmpfs -o "size=$2,mode=700" tmpfs "$1" && rig_disks+=("$1")
}

# rig_end: ends all that was started, the last first, also what that started in the namespaces (ModemManager leaves a stock proxy running),
# and removes the namespaces. Safe to call twice.
rig_end() {
  local index namespace disk
  for ((index = ${#rig_tags[@]} - 1; index >= 0; index--)); do
    rig_stop "${rig_tags[index]}"
  done
  rig_tags=()
  for namespace in "${rig_namespaces[@]}"; do
    rig_end_processes "$namespace"
    ip netns delete "$namespace" 2>/dev/null || :
  done
  rig_namespaces=()
  for disk in "${rig_disks[@]}"; do umount -l "$disk" || :; done
  rig_disks=()
}

# rig_end_processes NAMESPACE: ends whatever still runs in a namespace of this rig.
rig_end_processes() {
  local signal pid
  for signal in TERM TERM TERM TERM KILL; do
    [ -n "$(ip netns pids "$1" 2>/dev/null)" ] || return 0
    for pid in $(ip netns pids "$1"); do kill -"$signal" "$pid" 2>/dev/null || :; done
    sleep 0.1
  done
}
