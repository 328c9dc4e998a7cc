"""What is measured of a clip, over time."""

import altair as alt
import pandas as pd
import streamlit as st

from segcore.segmentation import Label

_MOST_POINTS = 1000


def thinned(table: pd.DataFrame) -> pd.DataFrame:
    """Return as many rows, evenly spread, as a chart can show."""
    return table.iloc[:: max(1, len(table) // _MOST_POINTS)]


def coverage_chart(table: pd.DataFrame, labels: tuple[Label, ...]) -> None:
    """Draw coverage over time, a line a label in its colour.

    Parameters
    ----------
    table
        A row a frame, its time in seconds as the index; a column a label, in %.
    labels
        The labels that the columns stand for.
    """
    colors = ["#{2:02x}{1:02x}{0:02x}".format(*label.color) for label in labels]
    names = [label.name for label in labels]
    long = thinned(table).stack()
    long = long.rename_axis(["time_s", "label"]).reset_index(name="percent")  # a label may have any name
    chart = (
        alt.Chart(long)
        .mark_line()
        .encode(
            x=alt.X("time_s:Q", title="Time (s)"),
            y=alt.Y("percent:Q", title="Share of the picture (%)", scale=alt.Scale(domainMin=0)),
            color=alt.Color("label:N", title=None, scale=alt.Scale(domain=names, range=colors)),
            tooltip=[alt.Tooltip("time_s", format=".2f"), "label", alt.Tooltip("percent", format=".1f")],
        )
    )
    st.altair_chart(chart, width="stretch", height=240)


def count_chart(counts: pd.Series) -> None:
    """Draw the number of objects over time.

    Parameters
    ----------
    counts
        A frame's count each, its time in seconds as the index.
    """
    table = thinned(counts.to_frame("objects")).rename_axis("time_s").reset_index()
    chart = (
        alt.Chart(table)
        .mark_line(interpolate="step-after")
        .encode(
            x=alt.X("time_s:Q", title="Time (s)"),
            y=alt.Y(
                "objects:Q", title="Objects", scale=alt.Scale(domainMin=0), axis=alt.Axis(format="d", tickMinStep=1)
            ),
            tooltip=[alt.Tooltip("time_s", format=".2f"), "objects"],
        )
    )
    st.altair_chart(chart, width="stretch", height=180)
