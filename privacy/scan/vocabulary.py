"""Words that begin with a capital without naming a person, and those by which organisations, streets and units show."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CALENDAR = _words("""
january february march april june july august september october november december jan feb mar apr jun jul aug sep sept
oct nov dec monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thur thurs fri sat sun
easter christmas halloween thanksgiving ramadan eid diwali hanukkah spring summer autumn winter
""")

COMMON = _words("""
a able about above accept access according account accounts across act action active actually add additional address
administration adult advance advice after again against age agency agent ago agree agreement ahead air alert all allow
almost alone along already also alternative although always am among amount an analysis and angry animal announcement
annual another answer any anybody anyone anything anyway apart api app apparently appeal appendix apple application
apply appointment approval approved area aren't army around arrival art article as ask asked assessment assignment
assistance associate at attached attachment attempt attention audit author authority auto available average avoid away
baby back bad bag balance ball band bank base based basic bathroom be beautiful because become bed been before began
begin beginning behind being believe below benefit best better between beyond big bill billing birth black block blood
blue board body book booking border born both bottom box boy branch brand break breakfast brilliant bring brother
brown budget bug build building bus business but buy by cable call called caller calling calls came campaign can can't
cancel cancer cannot can't capital capitalized car card cardiac care career case cash category cause cc cell cent
center central centre ceo certain certificate cfo chair chairman chance change changes channel chapter charge charges
chart chat check chest chief child children choice choose chronic church city civil claim class clear clerk click
client clinic clinical close closed cloud club code coffee cold college column come comes coming comment comments
commission committee common community company complete completed complaint computer concern conclusion condition
conference confirm confirmed congratulations congress consider consultant contact content contract control copy corner
corporate correct cost could couldn't council country county couple course court cover create created credit crisis
critical cto culture currency current currently customer customers daily damage dark data database date daughter day
days dead deal dear death debit decision deep default defense definitely delete delivery demand department dept
describe description design desk despite detail details development diabetes diagnosis did didn't different digital
dinner direct director discharge discuss discussion disease district division do doc doctor document documents does
doesn't dog doing don't done door double doubt down download dr draft drink drive driver drop drug due during duty
each earlier early earth east eastern easy economic edition editor education effect effective either election electric
else email emails emergency employee employees employer end energy engine engineer engineering english enjoy enough
enter entertainment entire entry environment equipment error escalation especially establish estimate even evening
event events ever every everybody everyone everything evidence exactly example excellent except excuse executive
expect expense experience expert expired explain express external extra eye face facebook fact facility fail failed
fair faith fall false family famous fan far fast father fax feature federal feedback feel few field fig figure file
files fill film final finally finance financial find fine finish fire firm first fix flight floor focus follow
followed following food foot football for force foreign forest forget form formal former forward found foundation four
free friend friends from front full fully fun function fund further future game garden gas gate gave general generally
gentlemen get getting gift girl give given giving glad global go goal god goes going gold gone good goods google got
government grade graduate grand great green greetings grey ground group growth guess guest guide guy had hadn't half
hall hand handle happen happy hard has hasn't have haven't having he head heading health healthcare hear heart heat
heavy hello help her here here's hers hey hi high him himself his history hit hold holiday home hope hospital host hot
hotel hour hours house household housing how how's however hr huge human hurry husband hypertension i i'd i'll i'm
i've ice id idea identify identity if image immediate immediately impact important in inc include including income
increase indeed index industry info information initial injury inside instead institute instructions insurance
interest internal international internet interview into introduction investigation investment invoice is isn't issue
issues it it's item items its itself java job join joint journal judge junior just justice keep key kid kill kind king
kingdom kitchen knee know known lab labour lady land language large last late later latest law lawyer lead leader
league learn least leave left legal less let let's letter level liability library licence license life light like
likely limited line link linkedin linux list listen literature little live lives living loan local location log login
long look looking loss lost lot love low lower luck lunch machine made madam mail main maintenance major make making
male man management manager many map market marketing master match material matter may maybe me meal mean means
measure media medical medication medicine medium meet meeting member members memo memory men menu merchant message
metal method metropolitan microsoft middle might military million mind mine minister ministry minor minute miss
missing mission mobile mode model modern mom moment money month months more moreover morning mortgage most mother
motion mountain move moved movie mr mrs ms much museum music must my myself name names nation national natural nature
near nearly necessary need needs neither net network never new news newspaper next nice night nine no nobody none nor
normal north northern not note notes nothing notice notification now nuclear number numbers nurse object obviously
occasionally of off offer offered office officer official often oh oil ok okay old on once one ones online only onto
open opening operation operations opinion opportunity option or oral orange orchestra order orders ordinary
organisation organization original orthodox other others otherwise our ourselves out outcome output outside over
overall own owner pacific package page pain paint panel paper parent parents park part particularly partner parts
party pass passenger passport password past patient patients pay payment pdf peace pension people per percent perfect
performance perhaps period permanent person personal pet pharmacy phase phd phone photo physical physician pick
picture piece place plan plane plans plant platform play player please plus pm po point points police policy political
poor pop popular port position positive possible post posted pound power powerful practice prefer premier premium
present president press pressure pretty prev previous previously price primary prime prince princess principal print
prior private pro probably problem procedure proceed process producer product production professional professor
profile profit program programme project proof property proposal protection protocol proud prove provide provider
province public publishing purchase purpose python quality quarter queen query question questions quick quickly quite
quote race radio rail range rate rather re read ready real really reason receipt receive received recent recently
recommendation record records red redeem ref refer reference referral refund regarding regards region regional
register registration regular related release relevant religious remaining remarks remember reminder remote remove
rent repeat replace reply report reported reports representative request requested require required research
reservation resident resolution resource respect respiratory respond response rest restaurant result results resume
return returned returning review revised reward rich right ring risk river road rock role room root round route row
royal rule run running sad safe safety said salary sale sales same sample satellite save saw say saying says scan
scene schedule school science scope score screen sea season seat second secret secretary section security see seem
seems select self sell senate send sender senior sent series serious server service services session set setting
settings several severe sex shall share shared she she's ship shipping shop short should shouldn't show side sign
signature signed significant similar simple since sincerely single sir sister site situation six size skin sleep slow
small smart smith's so social society software sold soldier some somebody someone something sometimes somewhere son
song songs soon sorry sound source south southern space speak special specific speech sport spring staff stage
standard star start started starting state statement states station status stay step still stock stop store story
street strong structure student students studio study style subject submit subscription success such suddenly sugar
suggest suite summary sun supply support supreme sure surely surgery surgical surprisingly survey system systems table
take taken taking talk talking task tax taxi tea teacher team tech technical technology telephone television tell ten
term terms test testing text than thank thanks that that's the their them themselves then theory therapy there there's
therefore these they they're thing things think third this those though thought thousand three through throughout thus
ticket time times tip title to today together told tomorrow tonight too took top total touch tour toward town track
trade traffic train training transaction transfer transit translate transport travel treatment tree trial trip trouble
truck true truly trust try trying turn tv two type typical ultimately under understand unfortunately union unit united
university unknown unless unlike until up upcoming update updated upon urgent us usa use used user users using usual
usually vaccine value various vehicle vendor version very via victim video view village visa visit visitor vital
volume volunteer vote wait waiting wake walk wall want wanted wants war ward was wasn't waste watch water way we we'll
we're we've wealth weather web website week weekend weekly weight welcome well went were weren't west western what
what's whatever wheel when whenever where where's whereas whether which while white who who's whole whom whose why
wide wife wikipedia will win window windows wine with within without woman women won won't wonder wondering wood word
words work worker working works world worse worst would wouldn't wow write writing written wrong wrote www yeah year
years yellow yes yesterday yet you you'd you'll you're you've young your yours yourself youtube zero zip zone windows
android iphone ipad ios mac google's amazon netflix twitter instagram whatsapp paypal excel powerpoint outlook
bluetooth wifi wi-fi sql html json csv xml http https url uuid usb gps sms pin atm vat gmt utc est pst bmi mri ct ekg
ecg covid hiv aids dna icu nhs nasa fbi cia irs gdpr hipaa eu un nato bbc cnn asap faq fyi rsvp tbd eta kpi roi sla qa
pt dr candidate claimant tenant landlord counsel witness plaintiff defendant respondent petitioner nominee intern
trainee guardian spouse fiance widow heir trustee donor beneficiary payee payer sender recipient ceos bot alexa siri
mum dad mama papa grandma grandpa uncle aunt cousin mommy daddy miss ma'am lord saint jesus christ allah bible quran
koran heaven hell nazi islam renaissance olympics olympic
""")

STREETS = _words("""
street st avenue ave av road rd lane ln drive dr boulevard blvd court ct way terrace place pl square sq close crescent
parkway pkwy highway hwy circle cir trail trl alley plaza loop row walk grove gardens mews quay parade mall ridge
ridges hill hills heights valley valleys meadow meadows village villages view views vista route track path pass
passage point points port ports island islands isle junction junctions junc landing landings forest forests fork forks
freeway fort garden gateway glen glens green greens groves harbor harbors haven hollow inlet key keys knoll knolls
lake lakes land lights lock locks lodge mill mills mission motorway mount mountain mountains neck orchard oval
overpass park parks pike pine pines plain plains prairie radial ramp ranch rapid rapids rest river shoal shoals shore
shores skyway spring springs spur spurs station stravenue stream summit throughway trace trafficway tunnel turnpike
underpass union unions viaduct wall walks ways well wells estate estates expressway extension falls ferry field fields
flat flats ford fords bend bluff bluffs bottom branch bridge brook brooks burg burgs bypass camp canyon cape causeway
center centers club common commons corner corners course courts cove coves creek crest crossing crossroad curve dale
dam divide
""")

ORGANISATIONS = _words("""
Incorporated Corporation Company Limited Group Holding Holdings Bank Bancorp Bancshares Trust Fund Partners Associates
Capital Industries Technologies Technology Systems Solutions Pharmaceutical Pharmaceuticals Therapeutics Biosciences
Laboratories Labs Enterprises Ventures Acquisition Insurance Financial Energy Resources Mining Motors Airlines Airways
Foods Stores University College Institute Academy Hospital Clinic Foundation Society Association Ministry Agency
Authority Committee Commission Council Department Orchestra Museum Library Church School Records Studios Entertainment
Media Press Magazine Properties International Communications Network Networks Software Services Securities Investment
Investments Index Berhad
""")
