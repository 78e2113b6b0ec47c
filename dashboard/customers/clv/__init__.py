"""Customer lifetime value: purchase histories in, expected orders, money and their uncertainty out.

Time is in days wherever no unit is named; the models rescale it themselves. ``x`` is the number of *repeat* purchase
periods (purchases minus the first), ``t_x`` the age at the last purchase, ``T`` the age now.
"""
