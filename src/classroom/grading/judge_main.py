"""The program that a `judge_process.JudgeProcess` starts: `python -m classroom.grading.judge_main FD`."""

import sys

from classroom.quick_start import skip_grammar_of_addresses

if __name__ == "__main__":
    skip_grammar_of_addresses()
    from classroom.grading.judge_process import main

    main(int(sys.argv[1]))
