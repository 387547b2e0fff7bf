import numpy as np
from hypothesis import given, settings, strategies as st
from quanyu.engines.siting import *
from tests.engines.siting.strategies import *
S=settings(max_examples=400,deadline=None)
@S
@given(st.data())
def test_all(data):
    m=data.draw(covers()); c=data.draw(numbers(m.shape[1],5))
    a=cover_all(cover_by_matrix(m.astype(int)),costs=c)
    assert a.value==a.bound==cheapest_cover(m,c), (a.value,a.bound)
@S
@given(st.data())
def test_most(data):
    m=data.draw(covers()); c=data.draw(numbers(m.shape[1],5)); w=data.draw(numbers(m.shape[0],9))
    ex=data.draw(st.lists(st.integers(0,m.shape[1]-1),unique=True,max_size=2))
    money=data.draw(st.integers(0,12))
    a=cover_most(cover_by_matrix(m.astype(int)),w,budget=money,costs=c,existing=ex)
    assert a.value==a.bound==most_covered(m,w,c,money,ex), (a.value,a.bound)
@S
@given(st.data())
def test_most_p(data):
    m=data.draw(covers()); w=data.draw(numbers(m.shape[0],9))
    ex=data.draw(st.lists(st.integers(0,m.shape[1]-1),unique=True,max_size=2))
    p=data.draw(st.integers(0,m.shape[1]-len(ex)))
    a=cover_most(cover_by_matrix(m.astype(int)),w,p=p,existing=ex)
    assert a.value==a.bound==most_covered(m,w,np.ones(m.shape[1],int),p,ex), (a.value,a.bound)
@S
@given(st.data())
def test_median(data):
    m=data.draw(distances()); w=data.draw(numbers(m.shape[0],9)); p=data.draw(st.integers(1,m.shape[1]))
    a=p_median(m,p=p,weights=w); assert a.value==a.bound==least_sum(m*w[:,None],p,[])
@S
@given(st.data())
def test_center(data):
    m=data.draw(distances()); p=data.draw(st.integers(1,m.shape[1]))
    a=p_center(m,p=p); assert a.value==a.bound==least_reach(m,p,[])
@settings(max_examples=250,deadline=None)
@given(st.data())
def test_cap_all(data):
    m=data.draw(covers(demands=5,sites=4)); c=data.draw(numbers(m.shape[1],5)); w=data.draw(numbers(m.shape[0],5)); k=data.draw(numbers(m.shape[1],12))
    ok=m&(w[:,None]<=k); r=ok.any(1)
    a=cover_all(cover_by_matrix(m.astype(int)),costs=c,weights=w,capacities=k)
    best=[int(c[np.unique(s)].sum()) for s in services(ok[r],w[r],k)]
    if best: assert a.value==a.bound==min(best) and a.is_proven,(a.value,a.bound,min(best))
    else: assert not a.is_proven
@settings(max_examples=250,deadline=None)
@given(st.data())
def test_cap_med(data):
    m=data.draw(distances(demands=5,sites=4)); w=data.draw(numbers(m.shape[0],5)); k=data.draw(numbers(m.shape[1],12)); p=data.draw(st.integers(1,m.shape[1]))
    ok=(w[:,None]<=k)&np.ones_like(m,bool); r=ok.any(1)
    a=p_median(m,p=p,weights=w,capacities=k)
    best=[int((m[r][np.arange(r.sum()),s]*w[r]).sum()) for s in services(ok[r],w[r],k) if len(np.unique(s))<=p]
    if best: assert a.value==a.bound==min(best) and a.is_proven,(a.value,a.bound,min(best))
    else: assert not a.is_proven
