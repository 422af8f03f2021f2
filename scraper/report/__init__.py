"""Counts and tables for people."""
