#!/bin/sh
# The header of a Raspberry Pi on a board that is none: a chip of gpio-sim, with the label and the names
# that Debian's device tree gives a Pi 4. pi.sh load FOLDER loads the modules; make [OFFSET HOLDER] brings
# the chip, with a driver on that line; gone takes it away, whoever uses it; pull OFFSET up|down is what
# the wire does, and file OFFSET prints the file by which; see OFFSET is the level that it has.
set -eu
chip=/sys/kernel/config/gpio-sim/pi
bank=$chip/header

line() {
    echo "/sys/devices/platform/$(cat $chip/dev_name)/$(cat $bank/chip_name)/sim_gpio$1"
}

case $1 in
load)
    modprobe configfs
    mountpoint -q /sys/kernel/config || mount -t configfs none /sys/kernel/config
    for name in irq_sim gpio-sim gpio-aggregator; do
        insmod "$2/$name.ko"
    done
    ;;
make)
    mkdir -p $bank
    echo 58 >$bank/num_lines
    echo pinctrl-bcm2711 >$bank/label
    for n in 5 6 12 13 $(seq 16 27); do
        mkdir $bank/line"$n"
        echo GPIO"$n" >$bank/line"$n"/name
    done
    mkdir $bank/line4
    echo GPIO_GCLK >$bank/line4/name
    if [ $# -eq 3 ]; then
        mkdir $bank/line"$2"/hog
        echo input >$bank/line"$2"/hog/direction
        echo "$3" >$bank/line"$2"/hog/name
    fi
    echo 1 >$chip/live
    ;;
gone)
    echo 0 >$chip/live
    rmdir $bank/line*/hog 2>/dev/null || true
    rmdir $bank/line* $bank $chip
    ;;
pull)
    echo pull-"$3" >"$(line "$2")/pull"
    ;;
file)
    echo "$(line "$2")/pull"
    ;;
see)
    cat "$(line "$2")/value"
    ;;
esac
