"""Draws the three photographs of the demo again."""

from generator import demo

if __name__ == "__main__":
    demo.main()
