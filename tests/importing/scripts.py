"""Networks as people write them, each a script up to its run()."""

CUBA = """
taum, taue, taui = 20*ms, 5*ms, 10*ms
Vt, Vr, El = -50*mV, -60*mV, -49*mV
eqs = '''
dv/dt  = (ge+gi-(v-El))/taum : volt (unless refractory)
dge/dt = -ge/taue : volt
dgi/dt = -gi/taui : volt
'''
P = NeuronGroup(4000, eqs, threshold='v>Vt', reset='v = Vr', refractory=5*ms, method='exact')
P.v = 'Vr + rand() * (Vt - Vr)'
P.ge = 0*mV
P.gi = 0*mV
we = (60*0.27/10)*mV
wi = (-20*4.5/10)*mV
Ce = Synapses(P, P, on_pre='ge += we')
Ci = Synapses(P, P, on_pre='gi += wi')
Ce.connect('i<3200', p=0.02)
Ci.connect('i>=3200', p=0.02)
s_mon = SpikeMonitor(P)
"""

COBA = """
taum, taue, taui = 20*msecond, 5*msecond, 10*msecond
Ee, Ei, El = 0*mvolt, -80*mvolt, -60*mvolt
eqs = Equations('''
dv/dt = (ge*(Ee-v)+gi*(Ei-v)-(v-El))*(1./taum) : volt
dge/dt = -ge*(1./taue) : 1
dgi/dt = -gi*(1./taui) : 1
''')
P = NeuronGroup(1000, model=eqs, threshold='v>-50*mvolt', refractory=5*ms, reset='v=El', method='euler')
P.v = 'El + (randn() * 5 - 5)*mV'
P.ge = '(randn() * 1.5 + 4) * 10.*nS/(10*nS)'
P.gi = '(randn() * 12 + 20) * 10.*nS/(10*nS)'
Pe = P[:800]
Pi = P[800:]
Ce = Synapses(Pe, P, model='w : 1', on_pre='ge_post += w')
Ci = Synapses(Pi, P, model='w : 1', on_pre='gi_post += w')
Ce.connect('i != j', p=0.08)
Ci.connect(condition='i + N_pre*4 != j', p=0.08)
Ce.w = 6/10.
Ci.w = 67/10.
M = SpikeMonitor(Pe)
"""

COBAHH = """
area = 20000*umetre**2
Cm = (1*ufarad*cm**-2) * area
gl = (5e-5*siemens*cm**-2) * area
El, EK, ENa = -60*mV, -90*mV, 50*mV
g_na = (100*msiemens*cm**-2) * area
g_kd = (30*msiemens*cm**-2) * area
VT = -63*mV
taue, taui, Ee, Ei = 5*ms, 10*ms, 0*mV, -80*mV
we, wi = 6*nS, 67*nS
eqs = Equations('''
dv/dt = (gl*(El-v)+ge*(Ee-v)+gi*(Ei-v)-
         g_na*(m*m*m)*h*(v-ENa)-
         g_kd*(n*n*n*n)*(v-EK))/Cm : volt
dm/dt = alpha_m*(1-m)-beta_m*m : 1
dn/dt = alpha_n*(1-n)-beta_n*n : 1
dh/dt = alpha_h*(1-h)-beta_h*h : 1
dge/dt = -ge*(1./taue) : siemens
dgi/dt = -gi*(1./taui) : siemens
alpha_m = 0.32*(mV**-1)*4*mV/exprel((13*mV-v+VT)/(4*mV))/ms : Hz
beta_m = 0.28*(mV**-1)*5*mV/exprel((v-VT-40*mV)/(5*mV))/ms : Hz
alpha_h = 0.128*exp((17*mV-v+VT)/(18*mV))/ms : Hz
beta_h = 4./(1+exp((40*mV-v+VT)/(5*mV)))/ms : Hz
alpha_n = 0.032*(mV**-1)*5*mV/exprel((15*mV-v+VT)/(5*mV))/ms : Hz
beta_n = .5*exp((10*mV-v+VT)/(40*mV))/ms : Hz
''')
P = NeuronGroup(400, model=eqs, threshold='v>-20*mV', refractory=3*ms, method='exponential_euler')
Pe = P[:320]
Pi = P[320:]
Ce = Synapses(Pe, P, on_pre='ge+=we')
Ci = Synapses(Pi, P, on_pre='gi+=wi')
Ce.connect(p=0.2)
Ci.connect(p=0.2)
P.v = 'El + (randn() * 5 - 5)*mV'
P.ge = '(randn() * 1.5 + 4) * 10.*nS'
P.gi = '(randn() * 12 + 20) * 10.*nS'
trace = StateMonitor(P, 'v', record=[1, 10, 100])
"""

BRUNEL = """
N_E, N_I = 800, 200
tau, theta, V_r, tau_rp, J, g, D = 20*ms, 20*mV, 10*mV, 2*ms, 0.5*mV, 5, 1.5*ms
nu_ext, C_ext = 10*Hz, 80
neurons = NeuronGroup(N_E + N_I, 'dv/dt = -v/tau : volt (unless refractory)', threshold='v > theta',
                      reset='v = V_r', refractory=tau_rp, method='exact')
excitatory_neurons = neurons[:N_E]
inhibitory_neurons = neurons[N_E:]
exc_synapses = Synapses(excitatory_neurons, target=neurons, on_pre='v += J', delay=D)
exc_synapses.connect('i != j', p=0.1)
inhib_synapses = Synapses(inhibitory_neurons, target=neurons, on_pre='v += -g*J', delay=D)
inhib_synapses.connect('i + N_E != j', p=0.1)
external = PoissonInput(target=neurons, target_var='v', N=C_ext, rate=nu_ext, weight=J)
rate_monitor = PopulationRateMonitor(neurons)
"""

NO_UNITS = """
tau = 10*ms
G = NeuronGroup(100, 'dv/dt = (1.1 - v)/tau + sigma*xi*tau**-0.5 : 1', threshold='v > 1', reset='v = 0',
                refractory=2*ms, method='euler', namespace={'sigma': 0.1})
S = Synapses(G, G, 'w : 1', on_pre='v_post += w')
S.connect(condition='i != j', p=0.2)
S.w = -0.02
"""

ADEX = """
def adex(n, a, b, name):
    return NeuronGroup(n, '''
        dv/dt = (g_L*(E_L - v) + g_L*Delta*exp((v - V_T)/Delta) - w + I_syn + I_ext)/C : volt (unless refractory)
        dw/dt = (a*(v - E_L) - w)/tau_w : amp
        dgE/dt = -gE/tau_E : siemens
        dgI/dt = -gI/tau_I : siemens
        I_syn = gE*(E_E - v) + gI*(E_I - v) : amp
        I_ext : amp
        ''', threshold='v > V_cut', reset='''v = V_r
        w += b''', refractory=5*ms, method='euler', name=name,
        namespace=dict(C=200*pF, g_L=10*nS, E_L=-65*mV, Delta=2*mV, V_T=-50*mV, V_cut=-30*mV, V_r=-65*mV,
                       a=a, b=b, tau_w=500*ms, tau_E=5*ms, tau_I=5*ms, E_E=0*mV, E_I=-80*mV))
RS = adex(400, 4*nS, 20*pA, 'RS')
FS = adex(100, 0*nS, 0*pA, 'FS')
RS.v = FS.v = -65*mV
RS.I_ext = 30*pA
Qe, Qi = 1*nS, 5*nS
connections = []
for source, target, var, Q in ((RS, RS, 'gE', 'Qe'), (RS, FS, 'gE', 'Qe'), (FS, RS, 'gI', 'Qi'), (FS, FS, 'gI', 'Qi')):
    synapse = Synapses(source, target, on_pre=f'{var}_post += {Q}')
    synapse.connect(condition='i != j' if source is target else None, p=0.1)
    connections.append(synapse)
external = PoissonGroup(400, rates=4*Hz)
S_ext = Synapses(external, RS, on_pre='gE_post += Qe')
S_ext.connect(p=0.1)
S_ext2 = Synapses(external, FS, on_pre='gE_post += Qe')
S_ext2.connect(p=0.1)
net = Network(collect())
net.add(connections)
"""

ALPHA = """
G = NeuronGroup(50, '''
    dv/dt = (gl*(El - v) + g*(Es - v))/C : volt
    dg/dt = (x - g)/tau_s : siemens
    dx/dt = -x/tau_s : siemens
    ''', threshold='v > -50*mV', reset='v = -60*mV', method='euler',
    namespace=dict(gl=10*nS, El=-60*mV, Es=0*mV, C=100*pF, tau_s=3*ms))
G.v = -60*mV
S = Synapses(G, G, on_pre='x += e*2*nS')
S.connect(condition='i != j')
S.delay = '1*ms + rand()*2*ms'
"""

RISE_DECAY = """
tau_r, tau_d, tau_m, R = 1*ms, 6*ms, 15*ms, 50*Mohm
w_exc = 30*pA
G = NeuronGroup(200, '''
    dv/dt = (-(v + 70*mV) + R*(I - y))/tau_m : volt (unless refractory)
    dI/dt = -I/tau_d : amp
    dy/dt = -y/tau_r : amp
    ''', threshold='v > -50*mV', reset='v = -60*mV', refractory=2*ms, method='exact')
G.v = '-70*mV + 15*mV*rand()'
S = Synapses(G, G, on_pre='''I_post += w_exc
y_post += w_exc''', delay=2*ms)
for cell in range(200):
    S.connect(i=np.random.RandomState(cell).choice(np.delete(np.arange(200), cell), 20, replace=False), j=cell)
"""

NMDA = """
Mg, tau_m, gL = 1.0, 20*ms, 25*nS
E = NeuronGroup(100, '''
    dv/dt = (gL*(-70*mV - v) - g_nmda*s/(1 + Mg*exp(-0.062*v/mV)/3.57)*(v - 0*mV))/(gL*tau_m) : volt (unless refractory)
    ds/dt = -s/(100*ms) + alpha*x : 1
    dx/dt = -x/(2*ms) : 1
    ''', threshold='v > -50*mV', reset='v = -55*mV', refractory=2*ms, method='euler',
    namespace=dict(g_nmda=0.3*nS, alpha=0.5/ms, Mg=Mg, gL=gL, tau_m=tau_m))
E.v = -70*mV
S = Synapses(E, E, on_pre='x += 1', method='exact')
S.connect(p=0.3, condition='i != j')
noise = PoissonInput(E, 'x', 100, 2*Hz, '0.5')
"""

STP = """
E_l, g_l, E_e, E_i, C_m = -60*mV, 9.99*nS, 0*mV, -80*mV, 198*pF
tau_e, tau_i, tau_r, w_e, w_i = 5*ms, 10*ms, 5*ms, 0.5*nS, 10*nS
V_th, V_r, Omega_d, Omega_f, U_0 = -50*mV, -60*mV, 2/second, 3.33/second, 0.6
neurons = NeuronGroup(500, '''
    dv/dt = (g_l*(E_l - v) + g_e*(E_e - v) + g_i*(E_i - v) + I_ex)/C_m : volt (unless refractory)
    dg_e/dt = -g_e/tau_e : siemens
    dg_i/dt = -g_i/tau_i : siemens
    I_ex : amp
    ''', threshold='v > V_th', reset='v = V_r', refractory='tau_r', method='euler')
neurons.v = 'E_l + rand()*(V_th - E_l)'
neurons.g_e = 'rand()*w_e'
neurons.g_i = 'rand()*w_i'
neurons.I_ex = 150*pA
exc, inh = neurons[:400], neurons[400:]
model = '''
du_S/dt = -Omega_f * u_S : 1 (event-driven)
dx_S/dt = Omega_d * (1 - x_S) : 1 (event-driven)
'''
action = '''
u_S += U_0 * (1 - u_S)
r_S = u_S * x_S
x_S -= r_S
'''
exc_syn = Synapses(exc, neurons, model=model, on_pre=action + 'g_e_post += w_e*r_S')
inh_syn = Synapses(inh, neurons, model=model, on_pre=action + 'g_i_post += w_i*r_S')
exc_syn.connect(p=0.1)
inh_syn.connect(p=0.2)
exc_syn.x_S = 1
inh_syn.x_S = 1
"""

POISSON = """
tau = 10*ms
G = NeuronGroup(100, 'dv/dt = -v/tau : volt', threshold='v > 15*mV', reset='v = 0*mV', method='exact')
one = PoissonGroup(100, rates='(5 + i*0.1)*Hz')
several = PoissonGroup(1000, rates=3*Hz)
shared = PoissonGroup(40, rates=8*Hz)
changing = PoissonGroup(100, rates='profile(t)')
home_made = NeuronGroup(200, 'r : Hz', threshold='rand() < r*dt')
home_made.r = 7*Hz
profile = TimedArray([2, 2, 10, 4]*Hz, dt=50*ms)
S1 = Synapses(one, G, on_pre='v += 1*mV')
S1.connect(j='i')
S2 = Synapses(several, G, on_pre='v_post += 0.5*mV')
S2.connect(j='i//10')
S3 = Synapses(shared, G, on_pre='v += 0.25*mV')
S3.connect()
S4 = Synapses(changing, G, on_pre='v += 2*mV')
S4.connect(condition='i == j')
S5 = Synapses(home_made, G, on_pre='v += 0.1*mV')
S5.connect(p=0.25)
"""

GENERATOR = """
indices, times = [0, 2, 1, 2], [1, 2, 3, 4]*ms
source = SpikeGeneratorGroup(3, indices, times)
G = NeuronGroup(4, '''dv/dt = (-70*mV - v)/(10*ms) + I/C : volt
dI/dt = -I/(2*ms) : amp''', threshold='v > -50*mV', reset='v = -60*mV', method='euler', namespace={'C': 100*pF})
feed = Synapses(source, G, on_pre='I += 200*pA', delay=0.5*ms)
feed.connect(i=[0, 1, 2, 2], j=[0, 1, 1, 3])
"""

WEIGHTS = """
G = NeuronGroup(300, '''dv/dt = (-70*mV - v)/(10*ms) + I/C : volt
dI/dt = -I/tau_s : amp''', threshold='v > -50*mV', reset='v = -60*mV', method='euler',
    namespace={'C': 100*pF, 'tau_s': 4*ms})
normal_ = Synapses(G, G, 'w : amp', on_pre='I_post += w', delay=1*ms)
normal_.connect('i != j', p=0.1)
normal_.w = '(50 + 5*randn())*pA'
structured = Synapses(G, G, '''w : amp (constant)
scale : 1 (shared)''', on_pre='I_post += scale*w')
structured.connect('abs(i - j) < 5 and i != j')
structured.scale = 0.5
structured.w = '(10 + 0.1*j)*pA'
both = Synapses(G, G, 'w : amp', on_pre='I_post += w')
both.connect('i != j', p=0.1)
both.w = 'randn()*20*pA'
"""

POTJANS = """
tau_m, tau_ref, tau_syn, R_m = 10*ms, 2*ms, 0.5*ms, 40*Mohm
V_rest, theta = -65*mV, -50*mV
eqs = '''
dv/dt = (-v + V_rest + R_m*I)/tau_m : volt (unless refractory)
dI/dt = -I/tau_syn : amp
'''
pops = {}
N = {'L4E': 400, 'L4I': 100}
for key, n in N.items():
    pops[key] = NeuronGroup(n, eqs, threshold='v > theta', reset='v = V_rest', method='linear', refractory=tau_ref, name=key)
    pops[key].v = '-58*mV + 5*mV*randn()'
w, dw, d_ex, std_d_ex = 87.8*pA, 0.1, 1.5*ms, 0.75*ms
syns = []
for pre, post, sign, p in (('L4E', 'L4E', 1, 0.05), ('L4E', 'L4I', 1, 0.08), ('L4I', 'L4E', -4, 0.1), ('L4I', 'L4I', -4, 0.1)):
    syn = Synapses(pops[pre], pops[post], model='wt : amp', on_pre='I_post += wt')
    syn.connect(condition='i != j' if pre == post else None, n=1, p=p)
    mean, sd = sign*w, abs(sign*w*dw)
    syn.wt = '(mean/pA + sd/pA*randn())*pA'
    syn.delay = 'clip(d_ex + std_d_ex*randn(), 0.1*ms, 10*ms)'
    syns.append(syn)
inputs = [PoissonInput(pops[key], 'I', 50, 8*Hz, weight=w) for key in pops]
network = Network(list(pops.values()), syns, inputs)
"""

IZHIKEVICH = """
C_unit = 1/ms
G = NeuronGroup(100, '''
    dv/dt = (0.04/ms/mV)*v**2 + (5/ms)*v + 140*mV/ms - u + I : volt
    du/dt = a*(b*v - u) : volt/second
    dI/dt = -I/(5*ms) : volt/second
    a : 1/second
    b : 1/second
    d : volt/second
    ''', threshold='v >= 30*mV', reset='''v = -65*mV
    u += d''', method='euler')
G.v = -65*mV
G.a = 0.02/ms
G.b = 0.2/ms
G.d = 8*mV/ms
G.u = 'b*v'
noise = PoissonInput(G, 'I', 100, 5*Hz, 1*mV/ms)
"""

HETEROGENEOUS = """
G = NeuronGroup(2000, '''
    dv/dt = (v0 - v + R*I)/tau : volt
    v0 : volt
    tau : second (constant)
    I : amp
    V_th : volt (constant)
    ''', threshold='v > V_th', reset='v = v0', method='exact', namespace={'R': 100*Mohm})
G.v0 = -65*mV
G.V_th = '-50*mV + randn()*1*mV'
G.tau = '20*ms*int(i < 1500) + 10*ms*int(i >= 1500)'
G.I = 160*pA
"""

STDP = """
taum, taupre, taupost, Ee, vt, vr, El, taue = 10*ms, 20*ms, 20*ms, 0*mV, -54*mV, -60*mV, -74*mV, 5*ms
gmax, dApre, dApost = .01, .01, -.0105
input = PoissonGroup(500, rates=15*Hz)
neurons = NeuronGroup(2, '''dv/dt = (ge * (Ee-v) + El - v) / taum : volt
dge/dt = -ge / taue : 1''', threshold='v>vt', reset='v = vr', method='euler')
S = Synapses(input, neurons, '''w : 1
dApre/dt = -Apre / taupre : 1 (event-driven)
dApost/dt = -Apost / taupost : 1 (event-driven)''', on_pre='''ge += w
Apre += dApre*gmax
w = clip(w + Apost, 0, gmax)''', on_post='''Apost += dApost*gmax
w = clip(w + Apre, 0, gmax)''')
S.connect()
S.w = 0.005
"""

REFUSED = """
G = NeuronGroup(20, '''dv/dt = (-70*mV - v + 100*Mohm*(I_gap + I_stim))/(10*ms) : volt
I_gap : amp
I_stim : amp
dtrace/dt = -trace/(10*ms) : 1''', threshold='v > -50*mV', reset='v = -60*mV', method='euler', events={'upper': 'v > -55*mV'})
G.v = -70*mV
gap = Synapses(G, G, '''w : siemens
I_gap_post = w*(v_pre - v_post) : amp (summed)''')
gap.connect(p=0.5)
G.run_regularly('I_stim = 20*pA*rand()', dt=10*ms)
soft = Synapses(G, G, on_pre='v_post += 0.1*(0*mV - v_post)')
soft.connect(p=0.5)
traced = Synapses(G, G, on_pre='trace += 1')
traced.connect(p=0.5)
on_upper = Synapses(G, G, on_pre='v_post += 1*mV', on_event='upper')
on_upper.connect(p=0.5)
chance = Synapses(G, G, on_pre='v_post += 1*mV*int(rand() < 0.5)')
chance.connect(p=0.5)
@network_operation(dt=10*ms)
def stimulate(t):
    G.I_stim = 10*pA
"""

SUMMED = """
G = NeuronGroup(200, '''dv/dt = (gl*(El - v) + g_tot*(0*mV - v) + I_slow)/C : volt
g_tot : siemens
I_slow : amp''', threshold='v > -50*mV', reset='v = -60*mV', method='euler', namespace=dict(gl=10*nS, El=-60*mV, C=100*pF))
G.v = -60*mV
S = Synapses(G, G, '''w : siemens
dg/dt = (-g + a)/(8*ms) : 1 (clock-driven)
da/dt = -a/(2*ms) : 1 (clock-driven)
g_tot_post = w*g : siemens (summed)''', on_pre='a += 1', method='euler')
S.connect('i != j', p=0.1)
S.w = 2*nS
D = Synapses(G, G, '''dy/dt = -y/(3*ms) : 1 (clock-driven)
dx/dt = (1 - x)/(200*ms) : 1 (clock-driven)
I_slow_post = 100*pA*y : amp (summed)''', on_pre='''y += 0.5*x
x -= 0.5*x''', method='euler')
D.connect('i != j', p=0.1)
D.x = 1
"""

RENAMED = """
tau_syn_ex, C_syn_m, noise_tau = 5*ms, 200*pF, 3*ms
stim = TimedArray([0, 1, 0, 1, 1], dt=20*ms)
G = NeuronGroup(20, '''dv/dt = (gl*(El - v) + I_syn_ex + I_syn_const + I_syn_w)/C_syn_m : volt
dI_syn_ex/dt = -I_syn_ex/tau_syn_ex + 20*pA*xi*tau_syn_ex**-0.5 : amp
I_syn_w = 0.1*nA*int(v > -55*mV) : amp
I_syn_const : amp''', threshold='v > -50*mV', reset='v = -60*mV', method='euler', namespace=dict(gl=10*nS, El=-60*mV))
G.v = -60*mV
G.I_syn_const = 20*pA
P = PoissonInput(G, 'I_syn_ex', 100, 10*Hz, 'stim(t)*20*pA')
"""
