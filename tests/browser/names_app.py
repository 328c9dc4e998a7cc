"""Every kind of place in which pages show names, for `test_names`."""

import streamlit as st

from pages.shared.plain_text import plain
from tests.hostile import names

for number, name in enumerate(names(250)):
    with st.container(key=f"name-{number}"):
        st.markdown(plain(name))
        st.caption(plain(name))
        st.button(plain(name), key=f"button-{number}")
        st.checkbox(f"{plain(name)} 5 %", key=f"box-{number}")
