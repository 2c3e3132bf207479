# Completion for porchlight(1). It asks the program itself, so that the two cannot disagree.
# shellcheck shell=bash

# What may follow: subcommands, or that subcommand's options and plain words.
_porchlight_words()
{
    local help
    help="$("$1" ${2:+"$2"} --help 2>/dev/null)"
    grep -oE -- '--[a-z][a-z-]*' <<<"$help"
    sed -n 's/^  \([a-z][a-z-]*\) .*/\1/p' <<<"$help"
}

_porchlight()
{
    local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD - 1]}" sub="" i

    case "$before" in
    --prefix | --out | --pictures)
        mapfile -t COMPREPLY < <(compgen -d -- "$word")
        return
        ;;
    --root | --root-out | --key | --ca | --png | --answers | --passphrase-file | check)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        [ "$before" = check ] || return
        ;;
    esac
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "${COMP_WORDS[i]}" in
        --prefix) i=$((i + 1)) ;;
        -*) ;;
        *)
            sub="${COMP_WORDS[i]}"
            break
            ;;
        esac
    done
    case "$sub:$word" in
    seal:[!-]* | unseal:[!-]* | backup:[!-]* | restore:[!-]*) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    *) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(
        compgen -W "$(_porchlight_words "${COMP_WORDS[0]}" "$sub")" -- "$word" | sort -u) ;;
    esac
}

complete -F _porchlight porchlight
